/// The engine: one model, one loop. Read [dev.redoubt.engine.EngineLoop] first. Knows nothing of HTTP, keys or deployments.
@NullMarked
package dev.redoubt.engine;

import org.jspecify.annotations.NullMarked;

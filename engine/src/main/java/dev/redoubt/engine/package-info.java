/// The engine: one model, one loop. Read [dev.redoubt.engine.EngineLoop] first, then
/// [dev.redoubt.engine.Engine]. A request goes caller → engine-input (template, tokens) → engine-loop (steps) →
/// engine-output (text, events), each a thread of its own. Knows nothing of HTTP, keys or deployments.
@NullMarked
package dev.redoubt.engine;

import org.jspecify.annotations.NullMarked;

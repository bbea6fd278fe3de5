/// From a verified artifact to logits. Read [dev.redoubt.engine.model.Llama] first. Knows nothing of requests
/// or scheduling.
@NullMarked
package dev.redoubt.engine.model;

import org.jspecify.annotations.NullMarked;

/// From logits to a token. Read [dev.redoubt.engine.sample.Sampler] first. Knows nothing of batches.
@NullMarked
package dev.redoubt.engine.sample;

import org.jspecify.annotations.NullMarked;

/// From a verified artifact to logits. Read [dev.redoubt.engine.model.Decoder] first, then a family
/// such as [dev.redoubt.engine.model.Gemma2]. Knows nothing of requests
/// or scheduling.
@NullMarked
package dev.redoubt.engine.model;

import org.jspecify.annotations.NullMarked;

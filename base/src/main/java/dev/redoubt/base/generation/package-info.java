/// The words that the gateway, the platform and the engine share: what a caller asks of a model that generates
/// or embeds, and what comes back. Read [dev.redoubt.base.generation.LanguageModel] first. Plain records: no
/// HTTP, no KV cache, no threads.
@NullMarked
package dev.redoubt.base.generation;

import org.jspecify.annotations.NullMarked;

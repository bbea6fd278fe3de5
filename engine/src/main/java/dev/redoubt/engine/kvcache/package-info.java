/// Who holds which KV block, and who may share it. Read [dev.redoubt.engine.kvcache.BlockPool] first. Knows
/// nothing of requests, models or threads.
@NullMarked
package dev.redoubt.engine.kvcache;

import org.jspecify.annotations.NullMarked;

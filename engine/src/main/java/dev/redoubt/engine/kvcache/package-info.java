/// Who holds which KV block. Read [dev.redoubt.engine.kvcache.BlockPool] first. Knows nothing of requests or models.
@NullMarked
package dev.redoubt.engine.kvcache;

import org.jspecify.annotations.NullMarked;

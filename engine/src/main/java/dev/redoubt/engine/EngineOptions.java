package dev.redoubt.engine;

import dev.redoubt.base.Check;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.kernels.KvFormat;
import java.util.OptionalLong;

/// How an engine is sized; the defaults are RULES V2's.
///
/// @param kernels `auto`, `scalar`, `vector` or `native`
/// @param threads compute threads
/// @param contextTokensMax prompt and answer of one sequence together (`max_model_len`)
/// @param sequencesMax in one step
/// @param batchedTokensMax in one step
/// @param prefillTokensMax in one step, of all sequences that lack more than one token; less beside decodes
/// @param queuedMax requests waiting; more are refused
/// @param memoryUtilization share of the machine's available memory that the KV pool may take, at most 0.85
/// @param kvFormat how the KV pool stores keys and values
/// @param kvBytesMax upper bound of the KV pool; absent: what the limits above can use
/// @param prefixCache whether full blocks are kept for later requests of the same scope
/// @param speculative whether tokens are guessed from what the sequence has said before, and checked together
public record EngineOptions(
        String kernels,
        int threads,
        int contextTokensMax,
        int sequencesMax,
        int batchedTokensMax,
        int prefillTokensMax,
        int queuedMax,
        double memoryUtilization,
        KvFormat kvFormat,
        OptionalLong kvBytesMax,
        boolean prefixCache,
        boolean speculative,
        RequestLimits limits) {
    public EngineOptions {
        Check.positive("threads", threads);
        Check.positive("contextTokensMax", contextTokensMax);
        Check.inRange("sequencesMax", sequencesMax, 1, 256);
        Check.inRange("batchedTokensMax", batchedTokensMax, sequencesMax, 8192);
        Check.inRange("prefillTokensMax", prefillTokensMax, 1, batchedTokensMax);
        Check.positive("queuedMax", queuedMax);
        Check.inRange("memoryUtilization", memoryUtilization, 0.01, 0.85);
    }

    /// The defaults, on `threads` threads.
    public static EngineOptions defaults(int threads) {
        return new EngineOptions(
                "auto",
                threads,
                4096,
                64,
                4096,
                512,
                1024,
                0.8,
                KvFormat.F16,
                OptionalLong.empty(),
                true,
                true,
                RequestLimits.DEFAULT);
    }
}

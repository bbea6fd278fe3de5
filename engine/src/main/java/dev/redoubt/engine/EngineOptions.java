package dev.redoubt.engine;

import dev.redoubt.base.Check;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.kernels.KvFormat;
import java.util.OptionalLong;

/// How an engine is sized; the defaults are RULES V2's. What the rules allow without a waiver is narrower than
/// what is checked here, and is the business of whoever reads a configuration.
///
/// @param kernels `auto`, `scalar`, `vector` or `native`
/// @param threads compute threads
/// @param contextTokensMax prompt and answer of one sequence together (`max_model_len`)
/// @param sequencesMax in one step
/// @param batchedTokensMax in one step
/// @param prefillTokensMax in one step, of all sequences that lack more than one token; less beside decodes
/// @param ongoingMax requests running and waiting; more are refused (R1.1)
/// @param memoryUtilization share of the machine's available memory that the KV pool may take
/// @param kvFormat how the KV pool stores keys and values
/// @param kvBytesMax upper bound of the KV pool; absent: what the limits above can use
/// @param prefixSharing for whose later requests full blocks are kept
/// @param speculative whether tokens are guessed from what the sequence has said before, and checked together
public record EngineOptions(
        String kernels,
        int threads,
        int contextTokensMax,
        int sequencesMax,
        int batchedTokensMax,
        int prefillTokensMax,
        int ongoingMax,
        double memoryUtilization,
        KvFormat kvFormat,
        OptionalLong kvBytesMax,
        PrefixSharing prefixSharing,
        boolean speculative,
        RequestLimits limits) {
    public EngineOptions {
        Check.positive("threads", threads);
        Check.positive("contextTokensMax", contextTokensMax);
        Check.inRange("sequencesMax", sequencesMax, 1, 1024);
        Check.inRange("batchedTokensMax", batchedTokensMax, sequencesMax, 65_536);
        Check.inRange("prefillTokensMax", prefillTokensMax, 1, batchedTokensMax);
        Check.positive("ongoingMax", ongoingMax);
        Check.inRange("memoryUtilization", memoryUtilization, 0.01, 0.95);
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
                100,
                0.8,
                KvFormat.F16,
                OptionalLong.empty(),
                PrefixSharing.PRINCIPAL,
                true,
                RequestLimits.DEFAULT);
    }

    /// The same for another share of the machine.
    ///
    /// @param ongoing requests running and waiting
    /// @param kvBytes upper bound of the KV pool
    public EngineOptions sized(int computeThreads, int ongoing, long kvBytes) {
        return new EngineOptions(
                kernels,
                computeThreads,
                contextTokensMax,
                Math.min(sequencesMax, ongoing),
                batchedTokensMax,
                prefillTokensMax,
                ongoing,
                memoryUtilization,
                kvFormat,
                OptionalLong.of(kvBytes),
                prefixSharing,
                speculative,
                limits);
    }

    /// The same for one request at a time, nothing waiting.
    public EngineOptions alone(KvFormat format) {
        return new EngineOptions(
                kernels,
                threads,
                contextTokensMax,
                1,
                batchedTokensMax,
                prefillTokensMax,
                1,
                memoryUtilization,
                format,
                kvBytesMax,
                prefixSharing,
                speculative,
                limits);
    }

    /// The same with another bound of the KV pool.
    public EngineOptions withKvBytesMax(long bytes) {
        return new EngineOptions(
                kernels,
                threads,
                contextTokensMax,
                sequencesMax,
                batchedTokensMax,
                prefillTokensMax,
                ongoingMax,
                memoryUtilization,
                kvFormat,
                OptionalLong.of(bytes),
                prefixSharing,
                speculative,
                limits);
    }
}

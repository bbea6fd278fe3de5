package dev.redoubt.engine;

import dev.redoubt.engine.kvcache.BlockPool;
import java.util.OptionalLong;

/// How many KV blocks an engine takes, checked against the machine before anything is mapped (RULES V2.1).
final class KvPoolSize {
    private static final long MIB = 1 << 20;

    private KvPoolSize() {}

    /// The least of what the limits can use, what the operator allows and what the machine has.
    ///
    /// @param blockBytes of one block
    /// @param available bytes this process may still take; empty: unknown, so an explicit bound is asked for
    /// @throws StartRefusal if the machine has too little
    static int blocks(EngineOptions options, int contextTokensMax, long blockBytes, OptionalLong available) {
        int contextBlocks = BlockPool.blocksFor(contextTokensMax);
        long wanted = (long) options.sequencesMax() * contextBlocks;
        OptionalLong kvBytesMax = options.kvBytesMax();
        if (kvBytesMax.isPresent()) wanted = Math.min(wanted, kvBytesMax.getAsLong() / blockBytes);
        if (wanted < 1)
            throw new StartRefusal(
                    "V2.1",
                    "KV pool of " + kvBytesMax.orElse(0) + " bytes, one block has " + blockBytes + ": allow more");
        if (available.isEmpty() && kvBytesMax.isEmpty())
            throw new StartRefusal(
                    "V2.1", "this system does not say how much memory is available: set the size of the KV pool");

        long affordable = available.isEmpty()
                ? wanted
                : (long) (options.memoryUtilization() * available.getAsLong()) / blockBytes;
        if (kvBytesMax.isPresent() && wanted > affordable)
            throw new StartRefusal(
                    "V2.1",
                    "KV pool of " + wanted * blockBytes / MIB + " MiB, " + affordable * blockBytes / MIB
                            + " MiB is what " + Math.round(100 * options.memoryUtilization())
                            + " % of the available memory holds: allow the pool less or free memory");
        if (kvBytesMax.isEmpty() && affordable < contextBlocks)
            throw new StartRefusal(
                    "V2.1",
                    "available memory holds " + affordable * BlockPool.BLOCK_TOKENS
                            + " tokens of KV cache, one context has " + contextTokensMax
                            + ": lower max-model-len or free memory");
        return (int) Math.min(Math.min(wanted, affordable), Integer.MAX_VALUE / 2);
    }
}

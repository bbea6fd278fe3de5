package dev.redoubt.serve.route;

import org.jspecify.annotations.Nullable;

/// Which replica had a key last. Guarded by the router's lock.
final class Affinity {
    /* A table of a fixed size, where a key pushes out the one that has its place: keys come from callers, so that what is remembered of
     * them must be bounded, and to forget one costs a cache miss and no more. */
    private static final int PLACES = 1 << 12;

    private final long[] keys = new long[PLACES];
    private final @Nullable Backend[] backends = new @Nullable Backend[PLACES];

    @Nullable
    Backend of(long key) {
        int place = place(key);
        return keys[place] == key ? backends[place] : null;
    }

    void remember(long key, Backend backend) {
        int place = place(key);
        keys[place] = key;
        backends[place] = backend;
    }

    void forget(Backend gone) {
        for (int i = 0; i < PLACES; i++) if (gone.equals(backends[i])) backends[i] = null;
    }

    private static int place(long key) {
        long mixed = key * 0x9E3779B97F4A7C15L; // Fibonacci hashing: the high bits depend on all of the key
        return (int) (mixed >>> 52);
    }
}

package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/// Memory that counts in its [Compute]. Safe for any thread, as what it gives is.
final class CountedArena implements Arena {
    private final Arena arena = Arena.ofShared();
    private final AtomicLong bytes;

    /// @param bytes what has been taken by it and others
    CountedArena(AtomicLong bytes) {
        this.bytes = bytes;
    }

    /// Zero, and committed as it is touched.
    ///
    /// @param byteAlignment 64 at most
    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        if (byteAlignment > 64) throw new IllegalArgumentException("alignment " + byteAlignment + ", limit is 64");
        MemorySegment segment = SystemMemory.allocate(byteSize, arena);
        bytes.addAndGet(segment.byteSize());
        return segment;
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    @Override
    public void close() {
        arena.close();
    }
}

package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Memory that counts in its [Compute]. Safe for any thread, as what it gives is.
final class CountedArena implements Arena {
    /* Weights of one model lie one behind the other in slabs of large pages: a decode step reads all of them, and with pages of 4 KiB each
     * page is a miss of the processor's address cache. What does not fit into the rest of a slab begins another; the rest is never
     * touched, so it costs addresses only. */
    private static final long SLAB_BYTES = 64 << 20;
    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final AtomicLong bytes;
    private @Nullable MemorySegment slab; // under this object's lock
    private long slabUsed; // under this object's lock

    /// @param bytes what has been taken by it and others
    CountedArena(AtomicLong bytes) {
        this.bytes = bytes;
    }

    /// Zero, and committed as it is touched.
    ///
    /// @param byteAlignment 64 at most
    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        if (byteAlignment > ALIGNMENT)
            throw new IllegalArgumentException("alignment " + byteAlignment + ", limit is " + ALIGNMENT);
        MemorySegment segment = SystemMemory.allocate(byteSize, arena);
        bytes.addAndGet(segment.byteSize());
        return segment;
    }

    /// As [#allocate], for what will be written as a whole: weights.
    synchronized MemorySegment allocateDense(long byteSize) {
        long taken = (byteSize + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        MemorySegment current = slab;
        if (current == null || current.byteSize() - slabUsed < taken) {
            current = SystemMemory.mapDense(Math.max(SLAB_BYTES, taken), arena).orElse(null);
            if (current == null) return allocate(byteSize, ALIGNMENT);
            slab = current;
            slabUsed = 0;
        }
        MemorySegment segment = current.asSlice(slabUsed, byteSize);
        slabUsed += taken;
        bytes.addAndGet(byteSize);
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

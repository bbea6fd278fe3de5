package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Working memory of one compute thread: native, 64-byte aligned, grown when a kernel needs more than any did
/// before, so that steady state allocates nothing. What it holds between two kernel calls is undefined.
final class Scratch implements AutoCloseable {
    private Arena arena = Arena.ofShared();
    private MemorySegment data = arena.allocate(1 << 16, 64);

    /// At least `floats` floats.
    MemorySegment floats(long floats) {
        if (data.byteSize() < floats * 4) grow(floats * 4);
        return data;
    }

    private void grow(long bytes) {
        Arena larger = Arena.ofShared();
        data = larger.allocate(bytes + bytes / 4, 64);
        arena.close();
        arena = larger;
    }

    @Override
    public void close() {
        arena.close();
    }
}

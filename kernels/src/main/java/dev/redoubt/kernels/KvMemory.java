package dev.redoubt.kernels;

/// The memory of all KV blocks: anonymous, off-heap, committed when first touched, locked where the host allows, left out of core
/// dumps. Owns bytes, not blocks: who holds which block is the block pool's business.
public final class KvMemory implements AutoCloseable {
    private final KvLayout layout;
    private final int blocks;

    private KvMemory(KvLayout layout, int blocks) {
        this.layout = layout;
        this.blocks = blocks;
    }

    /// @throws OutOfMemoryError with the size asked for, if the system refuses the mapping
    public static KvMemory map(KvLayout layout, int blocks) {
        throw new UnsupportedOperationException("kernels: KvMemory.map");
    }

    public KvLayout layout() {
        return layout;
    }

    public int blocks() {
        return blocks;
    }

    /// Overwrites one block with zeros.
    public void zero(int block) {
        throw new UnsupportedOperationException("kernels: KvMemory.zero");
    }

    /// Whether every byte of one block is zero; for tests and live checks.
    public boolean isZero(int block) {
        throw new UnsupportedOperationException("kernels: KvMemory.isZero");
    }

    /// Whether the pages are locked in memory; false where the host's limit forbids it.
    public boolean locked() {
        throw new UnsupportedOperationException("kernels: KvMemory.locked");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("kernels: KvMemory.close");
    }
}

package dev.redoubt.engine.kvcache;

/// The bytes behind the blocks, as far as the pool cares about them.
@FunctionalInterface
public interface BlockMemory {
    /// Overwrites one block with zeros.
    void zero(int block);
}

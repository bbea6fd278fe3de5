package dev.redoubt.serve.worker;

/// How a worker's memory is shared out among the parts of a JVM, in bytes.
///
/// @param nativeCode what the code of others may take for its data, where there is such code
/// @param rest left over for stacks, the collector and the compilers
record MemorySplit(long heap, long direct, long metaspace, long codeCache, long nativeCode, long rest) {
    /* An eighth each for classes, compiled code and the rest, within bounds that hold for every size of program; of what remains three
     * quarters are heap and one is direct memory, where tensors are. Where a model lies in native memory, heap and direct memory are
     * what one call needs: a quarter each. */
    private static final long CODE_MAX = 64L << 20;
    private static final long PART_MIN = 32L << 20;
    private static final long PART_MAX = 256L << 20;

    static MemorySplit of(long bytes, WorkerKind.Memory memory) {
        long code = Math.min(CODE_MAX, bytes / 8);
        long metaspace = Math.clamp(bytes / 8, PART_MIN, PART_MAX);
        long rest = Math.clamp(bytes / 8, PART_MIN, PART_MAX);
        long remaining = bytes - code - metaspace - rest;
        return switch (memory) {
            case HEAP -> new MemorySplit(remaining / 4 * 3, remaining / 4, metaspace, code, 0, rest);
            case NATIVE -> new MemorySplit(remaining / 4, remaining / 4, metaspace, code, remaining / 2, rest);
        };
    }
}

package dev.redoubt.serve.worker;

/// What a worker has taken from itself before it loaded anybody's code.
///
/// @param memory kernel's limit on its private memory (RLIMIT_DATA)
/// @param limits core dumps, files' size and number
/// @param landlockAbi 0 where the kernel has none or refused
/// @param allThreads whether Landlock also holds for threads that the JVM had started before
record Confined(
        boolean memory, boolean limits, boolean processors, int landlockAbi, boolean allThreads, boolean seccomp) {
    static final Confined NOT = new Confined(false, false, false, 0, false, false);

    /// As it crosses the link: the ABI in the low byte, then one bit each.
    int bits() {
        return Math.min(landlockAbi, 255)
                | bit(memory, 8)
                | bit(limits, 9)
                | bit(processors, 10)
                | bit(allThreads, 11)
                | bit(seccomp, 12);
    }

    static Confined of(int bits) {
        return new Confined(is(bits, 8), is(bits, 9), is(bits, 10), bits & 255, is(bits, 11), is(bits, 12));
    }

    private static int bit(boolean set, int at) {
        return set ? 1 << at : 0;
    }

    private static boolean is(int bits, int at) {
        return (bits >>> at & 1) != 0;
    }
}

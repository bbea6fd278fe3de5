package dev.redoubt.serve.worker;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;
import java.util.Optional;

/// Linux's own calls by their numbers: what a process takes from itself has no other door in the JDK. The C
/// library's `syscall` serves all of them, so that one call is linked and not a dozen.
final class SystemCalls {
    /// The processors whose numbers are known here.
    enum Machine {
        /// `AUDIT_ARCH_X86_64`, and its numbers.
        X86_64(0xC000003E, 157, 302, 317, 257, 3, 203, 204),
        /// `AUDIT_ARCH_AARCH64`, and its numbers.
        AARCH64(0xC00000B7, 167, 261, 277, 56, 57, 122, 123);

        final int audit;
        final int prctl;
        final int prlimit;
        final int seccomp;
        final int openAt;
        final int close;
        final int setAffinity;
        final int getAffinity;

        Machine(
                int audit,
                int prctl,
                int prlimit,
                int seccomp,
                int openAt,
                int close,
                int setAffinity,
                int getAffinity) {
            this.audit = audit;
            this.prctl = prctl;
            this.prlimit = prlimit;
            this.seccomp = seccomp;
            this.openAt = openAt;
            this.close = close;
            this.setAffinity = setAffinity;
            this.getAffinity = getAffinity;
        }
    }

    private static final int MASK_BYTES = 1024; // of 8192 processors
    private static final int AT_FDCWD = -100;
    private static final int O_PATH = 0x200000;
    private static final int O_CLOEXEC = 0x80000;

    private final Machine machine;
    private final MethodHandle syscall;

    private SystemCalls(Machine machine, MethodHandle syscall) {
        this.machine = machine;
        this.syscall = syscall;
    }

    /// Empty where the system is not Linux or the processor is not known here.
    static Optional<SystemCalls> ofThisMachine() {
        if (!System.getProperty("os.name", "").equals("Linux")) return Optional.empty();
        Machine machine = switch (System.getProperty("os.arch", "")) {
            case "amd64", "x86_64" -> Machine.X86_64;
            case "aarch64" -> Machine.AARCH64;
            default -> null;
        };
        if (machine == null) return Optional.empty();
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor seven = FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG);
        return linker.defaultLookup()
                .find("syscall")
                .map(address -> new SystemCalls(machine, linker.downcallHandle(address, seven)));
    }

    Machine machine() {
        return machine;
    }

    /// @return what the system gives, -1 where it refuses
    long call(long number, long first, long second, long third, long fourth, long fifth) {
        try {
            return (long) syscall.invokeExact(number, first, second, third, fourth, fifth);
        } catch (Throwable thrown) {
            if (thrown instanceof Error error) throw error;
            throw new AssertionError("a call of libc threw", thrown);
        }
    }

    boolean prctl(int option, long second) {
        return call(machine.prctl, option, second, 0, 0, 0) == 0;
    }

    /// Sets soft and hard limit of this process.
    boolean limit(int resource, long value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(16, 8);
            pair.set(ValueLayout.JAVA_LONG, 0, value);
            pair.set(ValueLayout.JAVA_LONG, 8, value);
            return call(machine.prlimit, 0, resource, pair.address(), 0, 0) == 0;
        }
    }

    /// A descriptor that stands for a path and reads nothing, -1 where there is none.
    int openPath(String path) {
        try (Arena arena = Arena.ofConfined()) {
            long at = arena.allocateFrom(path).address();
            return (int) call(machine.openAt, AT_FDCWD, at, O_PATH | O_CLOEXEC, 0, 0);
        }
    }

    /// Lets this thread, and those it will start, run on some of the processors it runs on now.
    ///
    /// @param choice which ones, so that neighbours get others
    /// @return whether there are so few of them now
    boolean useProcessors(int count, long choice) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MASK_BYTES, 8);
            long bytes = call(machine.getAffinity, 0, MASK_BYTES, mask.address(), 0, 0);
            if (bytes <= 0) return false;
            BitSet now = BitSet.valueOf(mask.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE));
            int[] usable = now.stream().toArray();
            if (usable.length <= count) return true;
            BitSet chosen = new BitSet();
            int first = Math.floorMod(choice, usable.length);
            for (int i = 0; i < count; i++) chosen.set(usable[(first + i) % usable.length]);
            mask.fill((byte) 0).copyFrom(MemorySegment.ofArray(chosen.toByteArray()));
            return call(machine.setAffinity, 0, MASK_BYTES, mask.address(), 0, 0) == 0;
        }
    }

    void close(int descriptor) {
        long ignored = call(machine.close, descriptor, 0, 0, 0, 0);
    }
}

package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Anonymous memory straight from the system: zero, committed on first touch, left out of core dumps. Linux;
/// elsewhere memory comes from an arena, which touches all of it.
final class SystemMemory {
    /// @param segment lives as long as the arena it was mapped for
    record Mapping(MemorySegment segment, boolean locked) {}

    /// What is smaller is not worth a mapping of its own.
    private static final long MAPPED_BYTES_MIN = 128 << 10;

    private static final int PROT_READ_WRITE = 1 | 2;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
    private static final int MLOCK_ONFAULT = 1;
    private static final int MADV_HUGEPAGE = 14;
    private static final int MADV_DONTDUMP = 16;

    /// The calls of the system's library, empty where it lacks one.
    private static final class Calls {
        static final Optional<MethodHandle> MMAP = function(
                "mmap",
                FunctionDescriptor.of(
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        static final Optional<MethodHandle> MUNMAP = function(
                "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
        static final Optional<MethodHandle> MADVISE = overRange("madvise");
        static final Optional<MethodHandle> MLOCK2 = overRange("mlock2");

        private static Optional<MethodHandle> overRange(String name) {
            return function(
                    name,
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        }

        private static Optional<MethodHandle> function(String name, FunctionDescriptor descriptor) {
            SymbolLookup libc = Linker.nativeLinker().defaultLookup();
            return libc.find(name).map(symbol -> Linker.nativeLinker().downcallHandle(symbol, descriptor));
        }
    }

    private SystemMemory() {}

    /// Memory that is locked where the host allows it: pages are locked as they are touched, so that a pool larger
    /// than its use costs nothing. Empty where the system is not Linux or lacks the calls.
    ///
    /// @throws OutOfMemoryError if the system refuses the mapping
    static Optional<Mapping> mapLocked(long bytes, Arena arena) {
        return map(bytes, arena).map(segment -> new Mapping(segment, call(Calls.MLOCK2, segment, MLOCK_ONFAULT)));
    }

    /// Memory for what may be far larger than its use, such as the rows of the largest step: 64-byte aligned.
    ///
    /// @throws OutOfMemoryError if the system refuses it
    static MemorySegment allocate(long bytes, Arena arena) {
        if (arena instanceof CountedArena counted) return counted.allocate(bytes, 64);
        if (bytes < MAPPED_BYTES_MIN) return arena.allocate(bytes, 64);
        return map(bytes, arena).orElseGet(() -> arena.allocate(bytes, 64));
    }

    /// Memory that will be written as a whole and read again and again, in large pages where the system has them.
    /// What is not touched of the last one costs memory too: 2 MiB at most. Zero; empty where there is no mapping.
    ///
    /// @throws OutOfMemoryError if the system refuses it
    static Optional<MemorySegment> mapDense(long bytes, Arena arena) {
        Optional<MemorySegment> mapped = map(bytes, arena);
        boolean ignored = mapped.isPresent() && call(Calls.MADVISE, mapped.get(), MADV_HUGEPAGE);
        return mapped;
    }

    /// Where a segment lies, for as long as its owner keeps it.
    ///
    /// @throws IllegalStateException if its memory was freed
    static long address(MemorySegment segment) {
        if (!segment.scope().isAlive())
            throw new IllegalStateException("memory of " + segment.byteSize() + " bytes was freed");
        return segment.address();
    }

    private static Optional<MemorySegment> map(long bytes, Arena arena) {
        if (!System.getProperty("os.name", "").equals("Linux")) return Optional.empty();
        if (Calls.MMAP.isEmpty() || Calls.MUNMAP.isEmpty()) return Optional.empty();
        MethodHandle munmap = Calls.MUNMAP.get();
        try {
            MemorySegment address = (MemorySegment) Calls.MMAP
                    .get()
                    .invokeExact(MemorySegment.NULL, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (address.address() == -1L)
                throw new OutOfMemoryError("the system refuses a mapping of " + bytes + " bytes");
            MemorySegment segment = address.reinterpret(bytes, arena, mapped -> unmap(munmap, mapped, bytes));
            boolean ignored = call(Calls.MADVISE, segment, MADV_DONTDUMP);
            return Optional.of(segment);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static void unmap(MethodHandle munmap, MemorySegment mapped, long bytes) {
        try {
            int ignored = (int) munmap.invokeExact(mapped, bytes);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// @return whether there is such a call and it succeeded
    private static boolean call(Optional<MethodHandle> function, MemorySegment segment, int argument) {
        if (function.isEmpty()) return false;
        try {
            return (int) function.get().invokeExact(segment, segment.byteSize(), argument) == 0;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static Error unexpected(Throwable thrown) {
        if (thrown instanceof Error error) return error;
        return new AssertionError("a call of libc threw", thrown);
    }
}

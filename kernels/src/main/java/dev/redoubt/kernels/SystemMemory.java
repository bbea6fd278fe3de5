package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Anonymous memory straight from the system: committed on first touch, locked where allowed, left out of core
/// dumps. Linux; elsewhere [#map] has nothing to offer and memory comes from an arena.
final class SystemMemory {
    /// @param segment lives as long as the arena it was mapped for
    record Mapping(MemorySegment segment, boolean locked) {}

    private static final int PROT_READ_WRITE = 1 | 2;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
    private static final int MLOCK_ONFAULT = 1;
    private static final int MADV_DONTDUMP = 16;

    private SystemMemory() {}

    /// Empty where the system is not Linux or lacks the calls.
    ///
    /// @throws OutOfMemoryError if the system refuses the mapping
    static Optional<Mapping> map(long bytes, Arena arena) {
        if (!System.getProperty("os.name", "").equals("Linux")) return Optional.empty();
        Optional<MethodHandle> mmap = function(
                "mmap",
                FunctionDescriptor.of(
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        Optional<MethodHandle> munmap = function(
                "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
        if (mmap.isEmpty() || munmap.isEmpty()) return Optional.empty();
        try {
            MemorySegment address = (MemorySegment) mmap.get()
                    .invokeExact(MemorySegment.NULL, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (address.address() == -1L)
                throw new OutOfMemoryError("the system refuses a mapping of " + bytes + " bytes");
            MemorySegment segment = address.reinterpret(bytes, arena, mapped -> unmap(munmap.get(), mapped, bytes));
            advise(segment);
            return Optional.of(new Mapping(segment, lock(segment)));
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

    private static void advise(MemorySegment segment) throws Throwable {
        Optional<MethodHandle> madvise = function(
                "madvise",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        if (madvise.isEmpty()) return;
        int ignored = (int) madvise.get().invokeExact(segment, segment.byteSize(), MADV_DONTDUMP);
    }

    /// Pages are locked as they are touched, so that a pool larger than its use costs nothing.
    private static boolean lock(MemorySegment segment) throws Throwable {
        Optional<MethodHandle> mlock2 = function(
                "mlock2",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        if (mlock2.isEmpty()) return false;
        return (int) mlock2.get().invokeExact(segment, segment.byteSize(), MLOCK_ONFAULT) == 0;
    }

    private static Optional<MethodHandle> function(String name, FunctionDescriptor descriptor) {
        SymbolLookup libc = Linker.nativeLinker().defaultLookup();
        return libc.find(name).map(symbol -> Linker.nativeLinker().downcallHandle(symbol, descriptor));
    }

    private static Error unexpected(Throwable thrown) {
        if (thrown instanceof Error error) return error;
        return new AssertionError("a call of libc threw", thrown);
    }
}

package dev.redoubt.runtime.onnx;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The memory that ONNX Runtime gives to models: one arena for the process, with a limit. Its Java API has
/// none, its C API does.
final class OrtArena {
    /* The C API is a table of functions whose order never changes (a rule of that project, for binary compatibility); the
     * places below are those of its versions 1 to 6. The environment is one for the process: asked for again, it is the one
     * that Java has. A model that wants more than the limit gets an error from its run; without a limit a value of terabytes
     * is the operating system's affair, which may kill the process. */
    private static final int VERSION = 6;
    private static final int CREATE_ENVIRONMENT = 3;
    private static final int CREATE_MEMORY_KIND = 69;
    private static final int REGISTER_ALLOCATOR = 144;
    private static final int CREATE_ARENA_SETTINGS = 156;
    private static final int ARENA_ALLOCATOR = 1;
    private static final int DEFAULT_MEMORY = 0;
    private static final int AS_REQUESTED = 1; // grow by what is asked for, not to the next power of two
    private static final int UNSET = -1;
    private static final int FATAL = 4;

    private static final Linker LINKER = Linker.nativeLinker();

    private OrtArena() {}

    /// Once in a process, when the library is loaded.
    ///
    /// @throws IOException if the library refuses it
    static void limit(long bytesMax) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = table();
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            check((MemorySegment)
                    function(table, CREATE_ENVIRONMENT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS)
                            .invokeExact(FATAL, arena.allocateFrom("redoubt"), out));
            MemorySegment environment = out.get(ValueLayout.ADDRESS, 0);
            check((MemorySegment)
                    function(table, CREATE_MEMORY_KIND, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS)
                            .invokeExact(ARENA_ALLOCATOR, DEFAULT_MEMORY, out));
            MemorySegment kind = out.get(ValueLayout.ADDRESS, 0);
            check((MemorySegment) function(
                            table,
                            CREATE_ARENA_SETTINGS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS)
                    .invokeExact(bytesMax, AS_REQUESTED, UNSET, UNSET, out));
            MemorySegment settings = out.get(ValueLayout.ADDRESS, 0);
            check((MemorySegment)
                    function(table, REGISTER_ALLOCATOR, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS)
                            .invokeExact(environment, kind, settings));
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException("ONNX Runtime takes no limit of memory", e);
        }
    }

    private static MemorySegment table() throws Throwable {
        MemorySegment base = (MemorySegment) LINKER.downcallHandle(
                        SymbolLookup.loaderLookup().findOrThrow("OrtGetApiBase"),
                        FunctionDescriptor.of(ValueLayout.ADDRESS.withTargetLayout(ValueLayout.ADDRESS)))
                .invokeExact();
        MethodHandle versions = LINKER.downcallHandle(
                base.get(ValueLayout.ADDRESS, 0),
                FunctionDescriptor.of(
                        ValueLayout.ADDRESS.withTargetLayout(
                                MemoryLayout.sequenceLayout(CREATE_ARENA_SETTINGS + 1, ValueLayout.ADDRESS)),
                        ValueLayout.JAVA_INT));
        return (MemorySegment) versions.invokeExact(VERSION);
    }

    /// A function that returns null, or a status that says what went wrong.
    private static MethodHandle function(MemorySegment table, int place, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                table.getAtIndex(ValueLayout.ADDRESS, place), FunctionDescriptor.of(ValueLayout.ADDRESS, arguments));
    }

    private static void check(MemorySegment status) throws IOException {
        if (status.address() != 0) throw new IOException("ONNX Runtime refuses a limit of memory");
    }
}

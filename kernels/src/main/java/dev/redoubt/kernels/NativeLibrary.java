package dev.redoubt.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;

/// The compiled kernels that the build put into this module, loaded into the process once.
///
/// @param sets what this machine can run of them, the one to prefer first
/// @param digest SHA-256 of the library, hexadecimal
/// @param compiler what it was built with
record NativeLibrary(SymbolLookup symbols, List<InstructionSet> sets, String digest, String compiler) {
    /* The library is a resource of the module, so it is trusted as far as the classes beside it are. The system loads libraries from
     * files only: the bytes go to a new file of an unguessable name in a new folder that nobody but the owner may enter, are compared
     * with the digest of the build, loaded by absolute path, and the file is removed. No file that existed before is ever loaded.
     * `redoubt.native` names the folder to work in, where the system's temporary one does not allow execution. */
    private static final String RESOURCE = "native/libredoubt.so";

    /// What there is to use.
    sealed interface Found {
        record Present(NativeLibrary library) implements Found {}

        /// @param reason for people, as the rest of a sentence
        record Absent(String reason) implements Found {}
    }

    private static final class Once {
        static final Found FOUND = load();
    }

    /// Loads it at the first call.
    static Found find() {
        return Once.FOUND;
    }

    /// Address of a function that needs no instruction set.
    MemorySegment function(String name) {
        return symbols.findOrThrow("redoubt_" + name);
    }

    /// Address of a function.
    MemorySegment function(InstructionSet set, String name) {
        return symbols.findOrThrow("redoubt_" + set.symbol() + "_" + name);
    }

    private static Found load() {
        String architecture = System.getProperty("os.arch", "");
        if (!System.getProperty("os.name", "").equals("Linux") || !architecture.equals("amd64"))
            return new Found.Absent("they are for Linux on x86-64");
        try (InputStream library = NativeLibrary.class.getResourceAsStream(RESOURCE);
                InputStream properties = NativeLibrary.class.getResourceAsStream("native/build.properties")) {
            if (library == null || properties == null) return new Found.Absent("no gcc or clang when this was built");
            Properties build = new Properties();
            build.load(new StringReader(new String(properties.readAllBytes(), StandardCharsets.UTF_8)));
            return load(library.readAllBytes(), build);
        } catch (IOException | UnsatisfiedLinkError | IllegalArgumentException e) {
            return new Found.Absent("the library cannot be loaded: " + e.getMessage());
        }
    }

    private static Found load(byte[] library, Properties build) throws IOException {
        String digest = sha256(library);
        if (!digest.equals(build.getProperty("sha256")))
            return new Found.Absent("the library is not the one that was built: SHA-256 " + digest);
        SymbolLookup symbols = loadFromFile(library);
        int features = features(symbols.findOrThrow("redoubt_cpu_features"));
        List<InstructionSet> sets = InstructionSet.of(features);
        if (sets.isEmpty()) return new Found.Absent("this processor lacks AVX2, FMA or F16C");
        return new Found.Present(new NativeLibrary(symbols, sets, digest, build.getProperty("compiler", "unknown")));
    }

    private static SymbolLookup loadFromFile(byte[] library) throws IOException {
        String parent = System.getProperty("redoubt.native");
        Path folder = parent == null
                ? Files.createTempDirectory("redoubt")
                : Files.createTempDirectory(Path.of(parent).toAbsolutePath(), "redoubt");
        Path file = folder.resolve("libredoubt.so");
        try {
            Files.write(file, library);
            return SymbolLookup.libraryLookup(file, Arena.global());
        } finally { // what is loaded stays loaded
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }

    private static int features(MemorySegment function) {
        try {
            return (int) Linker.nativeLinker()
                    .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT))
                    .invokeExact();
        } catch (Throwable thrown) {
            throw new AssertionError("a native function threw", thrown);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}

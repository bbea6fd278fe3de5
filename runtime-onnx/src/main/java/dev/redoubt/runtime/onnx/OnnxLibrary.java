package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// ONNX Runtime's native library, loaded into the process once.
final class OnnxLibrary {
    /* Telemetry: the official builds report to their maker over HTTPS unless ORT_DISABLE_TELEMETRY is in the environment
     * before they are loaded; their API turns off less, and later. A Java process cannot change its environment, so this
     * asks the C library to, and loads nothing where that does not work.
     *
     * Files: the library is unpacked to a new folder of ours and removed as soon as it is loaded, since what is loaded stays
     * loaded. Left to itself it would be unpacked to the common folder for temporary files. A kill in between leaves a folder
     * `onnxruntime-…` that the launcher sweeps away.
     *
     * Log: it writes to stderr, with names and sizes of a request in it, so it is told to keep silent; its exceptions say the
     * same to us. */
    private static final String TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY";
    private static final String FOLDER_PROPERTY = "onnxruntime.native.path";

    private static @Nullable OrtEnvironment loaded; // guarded by the class

    private static long loadedBytesMax;

    private OnnxLibrary() {}

    /// Loads it if it is not.
    ///
    /// @param parent folder that only the owner may write, made if need be
    /// @param memoryBytesMax what all models of the process may take together
    /// @throws IOException if it cannot be unpacked and loaded
    /// @throws IllegalStateException if it is loaded with another limit
    static synchronized OrtEnvironment load(Path parent, long memoryBytesMax) throws IOException {
        OrtEnvironment before = loaded;
        if (before != null) {
            if (loadedBytesMax != memoryBytesMax)
                throw new IllegalStateException("ONNX Runtime has the limit of " + loadedBytesMax
                        + " bytes for this process, it cannot be " + memoryBytesMax);
            return before;
        }
        noTelemetry();
        OrtEnvironment environment = unpacked(parent);
        OrtArena.limit(memoryBytesMax);
        loadedBytesMax = memoryBytesMax;
        loaded = environment;
        return environment;
    }

    private static void noTelemetry() throws IOException {
        Linker linker = Linker.nativeLinker();
        var setenv = linker.downcallHandle(
                linker.defaultLookup()
                        .find("setenv")
                        .orElseThrow(() -> new IOException("ONNX Runtime is loaded on Linux and macOS only")),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(TELEMETRY_OFF);
            if ((int) setenv.invokeExact(name, arena.allocateFrom("1"), 1) != 0)
                throw new IOException("ONNX Runtime is not loaded: its telemetry cannot be turned off");
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException("ONNX Runtime is not loaded: its telemetry cannot be turned off", e);
        }
    }

    private static OrtEnvironment unpacked(Path parent) throws IOException {
        Path folder = Files.createTempDirectory(DurableFiles.privateDirectory(parent), "onnxruntime-");
        try {
            for (String name : new String[] {"onnxruntime", "onnxruntime4j_jni"})
                unpack(System.mapLibraryName(name), folder);
            System.setProperty(FOLDER_PROPERTY, folder.toString());
            return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "redoubt");
        } catch (LinkageError | IllegalStateException e) {
            throw new IOException(
                    "ONNX Runtime cannot be loaded from " + parent + ": its file system must allow execution", e);
        } finally {
            System.clearProperty(FOLDER_PROPERTY);
            DurableFiles.deleteTree(folder);
        }
    }

    private static void unpack(String file, Path folder) throws IOException {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "osx" : "linux";
        String processor = System.getProperty("os.arch").equals("amd64") ? "x64" : System.getProperty("os.arch");
        String resource = "/ai/onnxruntime/native/" + system + "-" + processor + "/" + file;
        try (InputStream content = OrtEnvironment.class.getResourceAsStream(resource)) {
            if (content == null) throw new IOException("ONNX Runtime has no library for " + system + "-" + processor);
            Files.copy(content, folder.resolve(file));
        }
    }
}

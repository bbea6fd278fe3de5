package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import dev.redoubt.serve.worker.NativeFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// ONNX Runtime's native library: where it is unpacked, and what must be done before it is loaded.
final class OnnxLibrary {
    /* Telemetry: the official builds report to their maker over HTTPS unless ORT_DISABLE_TELEMETRY is in the environment
     * before they are loaded; their API turns off less, and later. A Java process cannot change its environment, so this
     * asks the C library to, and loads nothing where that does not work. A worker has no socket to report by besides. */
    private static final String TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY";

    /// Where the library's Java side looks for it, in place of its own jar.
    static final String FOLDER_PROPERTY = "onnxruntime.native.path";

    private OnnxLibrary() {}

    /// @param parent where it is unpacked once
    /// @throws IOException if there is none for this machine, or no room for it
    static NativeFolder unpacked(Path parent) throws IOException {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "osx" : "linux";
        String processor = System.getProperty("os.arch").equals("amd64") ? "x64" : System.getProperty("os.arch");
        Path jar = jar();
        String name = jar.getFileName().toString().replaceFirst("\\.jar$", "");
        return NativeFolder.unpacked(
                parent,
                name + "-" + processor,
                List.of(new NativeFolder.Packed(jar, "ai/onnxruntime/native/" + system + "-" + processor + "/")));
    }

    private static Path jar() throws IOException {
        try {
            return Path.of(OrtEnvironment.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IOException("ONNX Runtime is in no jar: build the product again", e);
        }
    }

    /// In this process, from now on.
    ///
    /// @throws IOException if that cannot be done
    static void noTelemetry() throws IOException {
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
}

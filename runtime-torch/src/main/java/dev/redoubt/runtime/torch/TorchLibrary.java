package dev.redoubt.runtime.torch;

import dev.redoubt.serve.worker.NativeFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// PyTorch as workers have it.
///
/// @param jars PyTorch's own, without the native library
/// @param unpacked the native library
record TorchLibrary(List<Path> jars, NativeFolder unpacked) {
    private static final String NATIVE = "pytorch-native-cpu-";
    private static final String JNI = "pytorch-jni-";

    TorchLibrary {
        jars = List.copyOf(jars);
    }

    /// @param from the folder with PyTorch's jars
    /// @param parent where the native library is unpacked once
    /// @throws IOException if they are not there, or not for this machine, or there is no room for them
    static TorchLibrary unpacked(Path from, Path parent) throws IOException {
        List<Path> jars = new ArrayList<>();
        List<Path> natives = new ArrayList<>();
        for (Path jar : listed(from)) {
            String name = jar.getFileName().toString();
            (name.startsWith(NATIVE) || name.startsWith(JNI) ? natives : jars).add(jar);
        }
        if (natives.size() != 2 || jars.isEmpty())
            throw new IOException("PyTorch is not in " + from + ": build the product again");
        String processor = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
        String machine = System.getProperty("os.name").equals("Linux") ? "linux-" + processor : "none";
        if (natives.stream().noneMatch(jar -> jar.toString().endsWith("-" + machine + ".jar")))
            throw new IOException("PyTorch runs on linux-x86_64 only: deploy TorchScript models there");
        StringBuilder name = new StringBuilder("torch");
        List<NativeFolder.Packed> packed = new ArrayList<>();
        for (Path jar : natives) {
            String file = jar.getFileName().toString();
            name.append('-').append(file.replaceFirst("^pytorch-(native-cpu|jni)-(.*)\\.jar$", "$2"));
            packed.add(new NativeFolder.Packed(
                    jar, file.startsWith(JNI) ? "jnilib/" + machine + "/cpu/" : "pytorch/cpu/" + machine + "/"));
        }
        return new TorchLibrary(jars, NativeFolder.unpacked(parent, name.toString(), packed));
    }

    private static List<Path> listed(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        }
    }
}

package dev.redoubt.runtime.torch;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// PyTorch's native library, unpacked once for all workers: they may read it and write nothing there.
///
/// @param jars PyTorch's own, without the native library
/// @param folder where the library is
record TorchLibrary(List<Path> jars, Path folder) {
    /* Some 400 MB, so it is kept from start to start, unlike ONNX Runtime's: in a folder of mode 0700, named after the jars it
     * came from, made beside it and renamed when it is whole. It needs the C++ library of the system, and asks for the
     * processors' kinds and caches. */
    private static final String NATIVE = "pytorch-native-cpu-";
    private static final String JNI = "pytorch-jni-";
    private static final List<Path> SYSTEM = List.of(
            Path.of("/etc/ld.so.cache"),
            Path.of("/lib64"),
            Path.of("/lib/x86_64-linux-gnu"),
            Path.of("/usr/lib64"),
            Path.of("/usr/lib/x86_64-linux-gnu"),
            Path.of("/proc/cpuinfo"),
            Path.of("/sys/devices/system/cpu"));

    TorchLibrary {
        jars = List.copyOf(jars);
    }

    /// @param from the folder with PyTorch's jars
    /// @param parent folder that only the owner may write, made if need be
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
        for (Path jar : natives)
            name.append('-')
                    .append(jar.getFileName().toString().replaceFirst("^pytorch-(native-cpu|jni)-(.*)\\.jar$", "$2"));
        Path folder = DurableFiles.privateDirectory(parent).resolve(name.toString());
        if (!Files.isDirectory(folder)) unpack(natives, machine, folder);
        return new TorchLibrary(jars, folder);
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

    private static void unpack(List<Path> natives, String machine, Path folder) throws IOException {
        Path parent = Objects.requireNonNull(folder.getParent());
        Path made = Files.createTempDirectory(parent, "torch-tmp-");
        try {
            for (Path jar : natives) unpack(jar, machine, made);
            DurableFiles.rename(made, folder);
        } catch (FileSystemException raced) { // another server has unpacked it meanwhile
            if (!Files.isDirectory(folder)) throw raced;
        } finally {
            DurableFiles.deleteTree(made);
        }
    }

    private static void unpack(Path jar, String machine, Path into) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList())
                for (String place : List.of("pytorch/cpu/" + machine + "/", "jnilib/" + machine + "/cpu/")) {
                    String file = entry.getName().replace(place, "");
                    if (!entry.getName().equals(place + file) || !file.matches("lib[A-Za-z0-9_.-]+")) continue;
                    try (InputStream content = zip.getInputStream(entry)) {
                        Files.copy(content, into.resolve(file));
                    }
                }
        }
    }

    /// What workers must be able to read beside the jars.
    List<Path> readable() {
        List<Path> readable = new ArrayList<>(SYSTEM);
        readable.add(folder);
        return readable;
    }
}

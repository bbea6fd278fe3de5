package dev.redoubt.serve.worker;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Native libraries of one kind of runtime, unpacked once for all its workers: they may read them and write nothing
/// there.
///
/// @param path the folder, of mode 0700
public record NativeFolder(Path path) {
    /* Tens or hundreds of megabytes, so it is kept from start to start and its pages are shared: named after the jars that it
     * came from, made beside its place and renamed when it is whole. A kill in between leaves a folder `unpacking-…` that the
     * launcher sweeps away. Such libraries need the C++ library of the system, and ask for the processors' kinds and caches. */
    private static final String UNFINISHED = "unpacking-";
    private static final List<Path> SYSTEM = List.of(
            Path.of("/etc/ld.so.cache"),
            Path.of("/lib64"),
            Path.of("/lib/x86_64-linux-gnu"),
            Path.of("/lib/aarch64-linux-gnu"),
            Path.of("/usr/lib64"),
            Path.of("/usr/lib/x86_64-linux-gnu"),
            Path.of("/usr/lib/aarch64-linux-gnu"),
            Path.of("/proc/cpuinfo"),
            Path.of("/sys/devices/system/cpu"));

    /// Where libraries are packed: files `lib…` in one folder of a jar.
    ///
    /// @param folder with `/` at its end
    public record Packed(Path jar, String folder) {}

    /// @param parent folder that only the owner may write, made if need be
    /// @param name says all that its content depends on
    /// @throws IOException if there is nothing in the jars, or no room for it
    public static NativeFolder unpacked(Path parent, String name, List<Packed> from) throws IOException {
        Path folder = DurableFiles.privateDirectory(parent).resolve(name);
        if (!Files.isDirectory(folder)) unpack(from, folder);
        return new NativeFolder(folder);
    }

    private static void unpack(List<Packed> from, Path folder) throws IOException {
        Path made = Files.createTempDirectory(Objects.requireNonNull(folder.getParent()), UNFINISHED);
        try {
            for (Packed packed : from) unpack(packed, made);
            DurableFiles.rename(made, folder);
        } catch (FileSystemException raced) { // another server has unpacked it meanwhile
            if (!Files.isDirectory(folder)) throw raced;
        } finally {
            DurableFiles.deleteTree(made);
        }
    }

    private static void unpack(Packed packed, Path into) throws IOException {
        int files = 0;
        try (ZipFile zip = new ZipFile(packed.jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                String file = entry.getName().replace(packed.folder, "");
                if (!entry.getName().equals(packed.folder + file) || !file.matches("lib[A-Za-z0-9_.-]+")) continue;
                try (InputStream content = zip.getInputStream(entry)) {
                    Files.copy(content, into.resolve(file));
                }
                files++;
            }
        }
        if (files == 0)
            throw new IOException(packed.jar.getFileName() + " has no library in " + packed.folder
                    + ": it is not made for this machine");
    }

    /// What workers must be able to read beside their jars.
    public List<Path> readable() {
        List<Path> readable = new ArrayList<>(SYSTEM);
        readable.add(path);
        return readable;
    }
}

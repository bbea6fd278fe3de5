package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/// The files of one folder, mapped read-only. What is hashed, what is checked and what is computed with are the
/// same pages.
record ModelFiles(Map<String, MemorySegment> byName) {
    private static final int FILES_MAX = 1024;
    private static final int DEPTH_MAX = 4;

    ModelFiles {
        byName = Collections.unmodifiableMap(new TreeMap<>(byName));
    }

    /// The regular files of a folder; those of sub folders are named `sub/file`, so that a refusal can name
    /// them.
    ///
    /// @throws ArtifactException if there is a link, a pipe or another special file, or too many files
    static Map<String, Path> list(Path folder) throws IOException {
        var found = new TreeMap<String, Path>();
        list(folder, "", 0, found);
        return found;
    }

    private static void list(Path folder, String prefix, int depth, Map<String, Path> found) throws IOException {
        if (depth > DEPTH_MAX)
            throw Refusals.files("sub folder '%s' is over %d deep: remove it", StrangerText.shown(prefix), DEPTH_MAX);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = prefix + Objects.requireNonNull(entry.getFileName());
                var attributes = Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                if (attributes.isSymbolicLink())
                    throw Refusals.files(
                            "file '%s' is a symbolic link, only regular files are read: copy the folder with 'cp -rL'",
                            StrangerText.shown(name));
                if (attributes.isOther())
                    throw Refusals.files(
                            "file '%s' is a pipe, socket or device, only regular files are read: remove it",
                            StrangerText.shown(name));
                if (attributes.isDirectory()) list(entry, name + "/", depth + 1, found);
                else found.put(name, entry);
                if (found.size() > FILES_MAX) throw Refusals.files("more than %d files in the model folder", FILES_MAX);
            }
        }
    }

    /// A file with a second name can be written by whoever has that name.
    ///
    /// @throws ArtifactException naming the first
    static void refuseHardLinks(Map<String, Path> files) throws IOException {
        for (Map.Entry<String, Path> file : files.entrySet())
            if (Files.getAttribute(file.getValue(), "unix:nlink", LinkOption.NOFOLLOW_LINKS) instanceof Integer names
                    && names > 1)
                throw Refusals.files(
                        "file '%s' is a hard link, it has %d names: copy the folder with 'cp -r' and use the copy",
                        StrangerText.shown(file.getKey()), names);
    }

    /// Maps files; they stay mapped until the arena closes.
    ///
    /// @throws ArtifactException if one has become a link
    static ModelFiles map(Map<String, Path> files, Arena arena) throws IOException {
        var mapped = new TreeMap<String, MemorySegment>();
        for (Map.Entry<String, Path> file : files.entrySet()) mapped.put(file.getKey(), map(file.getValue(), arena));
        return new ModelFiles(mapped);
    }

    private static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (NoSuchFileException e) {
            throw Refusals.files(
                    "file '%s' went missing while it was opened",
                    StrangerText.shown(String.valueOf(file.getFileName())));
        }
    }

    long bytes() {
        return byName.values().stream().mapToLong(MemorySegment::byteSize).sum();
    }
}

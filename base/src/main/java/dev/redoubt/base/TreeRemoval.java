package dev.redoubt.base;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Removes a folder with all that is in it. No link is followed.
final class TreeRemoval extends SimpleFileVisitor<Path> {
    /* A path has 4096 bytes at most, a tree may be deeper: folders can be moved into each other. So one walk goes down a few levels, which
     * any names fit in, and moves what is deeper up to the top, where the next walk takes it. */
    private static final int LEVELS = 10;

    private final Path top;
    private boolean again;
    private boolean removed; // anything, in this walk

    private TreeRemoval(Path top) {
        this.top = top;
    }

    static void of(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) return;
        TreeRemoval removal = new TreeRemoval(folder);
        do {
            removal.again = false;
            removal.removed = false;
            Files.walkFileTree(folder, Set.of(), LEVELS, removal);
        } while (removal.again && removal.removed);
        if (removal.again) throw new IOException("some of " + folder + " cannot be removed");
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        try {
            removed |= Files.deleteIfExists(file);
        } catch (DirectoryNotEmptyException deeper) { // the deepest of this walk
            Files.move(file, top.resolve(UUID.randomUUID().toString())); // a name that nobody has put there before
            removed = true;
            again = true;
        }
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
        if (failure instanceof NoSuchFileException) return FileVisitResult.CONTINUE;
        if (!(failure instanceof AccessDeniedException)) throw failure;
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------")); // a folder that hides itself
        removed = true;
        again = true;
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException error) throws IOException {
        if (error != null) throw error;
        try {
            removed |= Files.deleteIfExists(visited);
        } catch (DirectoryNotEmptyException notYet) {
            if (!again) throw notYet;
        }
        return FileVisitResult.CONTINUE;
    }
}

package dev.redoubt.audit.source;

import dev.redoubt.audit.source.Coverage.Skipped;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds the files of a project that are read. Links are not followed below what was named, folders that hold
/// what others wrote are left out, and so is whatever goes beyond a bound; each is written down with its reason.
public final class FileFinder {
    /* A project has far less; the bounds keep a scan of `/` or of a hostile tree finite. */
    static final int DEPTH_MAX = 64;
    static final int FILES_MAX = 200_000;
    private static final int SKIPPED_MAX = 10_000;

    private static final Set<String> OF_OTHERS = Set.of(
            "node_modules",
            "site-packages",
            "__pycache__",
            "venv",
            "virtualenv",
            "third_party",
            "vendor",
            "__pypackages__");
    private static final Set<String> HIDDEN_BUT_READ = Set.of(".github", ".gitlab", ".devcontainer", ".circleci");

    /// @param file where it is
    /// @param shown its path as findings name it
    /// @param below its path below the folder that was named, or its name
    public record Found(Path file, String shown, String below, FileKind kind) {}

    private final List<Found> found = new ArrayList<>();
    private final List<Skipped> skipped = new ArrayList<>();
    private final List<Skipped> unreadable = new ArrayList<>();

    /// @param named a file or a folder that somebody named
    public void add(Path named) {
        if (!Files.exists(named)) {
            unreadable.add(new Skipped(shown(named), "does not exist"));
        } else if (Files.isRegularFile(named)) {
            FileKind.of(String.valueOf(named.getFileName()))
                    .ifPresentOrElse(
                            kind -> found.add(new Found(named, shown(named), shown(named.getFileName()), kind)),
                            () -> skip(named, "of a kind that is not read"));
        } else {
            walk(named);
        }
    }

    private void walk(Path root) {
        try {
            Path real = root.toRealPath();
            Files.walkFileTree(real, EnumSet.noneOf(FileVisitOption.class), DEPTH_MAX, new Visitor(root, real));
        } catch (IOException e) {
            unreadable.add(new Skipped(shown(root), "cannot be listed"));
        }
    }

    /// In the order of their paths.
    public List<Found> found() {
        return found.stream()
                .sorted(Comparator.comparing(Found::shown))
                .distinct()
                .toList();
    }

    public List<Skipped> skipped() {
        return List.copyOf(skipped);
    }

    public List<Skipped> unreadable() {
        return List.copyOf(unreadable);
    }

    private void skip(Path path, String reason) {
        if (skipped.size() < SKIPPED_MAX) skipped.add(new Skipped(shown(path), reason));
    }

    private static String shown(Path path) {
        String text = path.normalize().toString().replace('\\', '/');
        return text.isEmpty() ? "." : text;
    }

    private final class Visitor extends SimpleFileVisitor<Path> {
        private final Path named;
        private final Path real;

        Visitor(Path named, Path real) {
            this.named = named;
            this.real = real;
        }

        private Path shownPath(Path path) {
            return named.resolve(real.relativize(path));
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            if (folder.equals(real)) return FileVisitResult.CONTINUE;
            String name = String.valueOf(folder.getFileName());
            String reason = "";
            if (OF_OTHERS.contains(name)) reason = "holds what others wrote";
            else if (name.startsWith(".") && !HIDDEN_BUT_READ.contains(name)) reason = "hidden";
            else if (Files.exists(folder.resolve("pyvenv.cfg"), LinkOption.NOFOLLOW_LINKS))
                reason = "a virtual environment";
            if (reason.isEmpty()) return FileVisitResult.CONTINUE;
            skip(shownPath(folder), reason);
            return FileVisitResult.SKIP_SUBTREE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            var kind = FileKind.of(String.valueOf(file.getFileName()));
            if (attributes.isSymbolicLink()) {
                skip(shownPath(file), "a link");
            } else if (attributes.isDirectory()) {
                skip(shownPath(file), "deeper than " + DEPTH_MAX + " folders");
            } else if (kind.isPresent() && !attributes.isRegularFile()) {
                skip(shownPath(file), "no plain file");
            } else if (kind.isPresent() && found.size() >= FILES_MAX) {
                unreadable.add(new Skipped(shown(named), "more than " + FILES_MAX + " files: name a part of them"));
                return FileVisitResult.TERMINATE;
            } else {
                kind.ifPresent(
                        is -> found.add(new Found(file, shown(shownPath(file)), shown(real.relativize(file)), is)));
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) {
            unreadable.add(new Skipped(shown(shownPath(file)), "cannot be read"));
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
            if (e != null) unreadable.add(new Skipped(shown(shownPath(folder)), "cannot be listed to its end"));
            return FileVisitResult.CONTINUE;
        }
    }
}

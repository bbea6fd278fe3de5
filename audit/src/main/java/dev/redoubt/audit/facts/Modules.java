package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.FileText;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Finds the module that another one imports from, among the files beside it: one step, so that a constant in
/// `settings.py` is known. Keeps the last few. Not safe for two threads.
final class Modules {
    private static final int KEPT = 4;
    private static final int PARENTS_MAX = 4;

    private record Kept(Path file, PythonModule module) {}

    private final Deque<Kept> kept = new ArrayDeque<>();

    /// @param from the file that imports
    /// @param module dotted; a relative one begins with its dots
    Optional<PythonModule> find(Path from, String module) {
        int level = 0;
        while (level < module.length() && module.charAt(level) == '.') level++;
        String path = module.substring(level).replace('.', '/');
        if (path.isEmpty()) return Optional.empty();
        Path folder = from.toAbsolutePath().getParent();
        for (int up = 1; up < level && folder != null; up++) folder = folder.getParent();
        for (int up = 0; up < (level > 0 ? 1 : PARENTS_MAX) && folder != null; up++, folder = folder.getParent()) {
            Path file = folder.resolve(path + ".py").normalize();
            if (!file.equals(from) && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                return Optional.ofNullable(read(file));
        }
        return Optional.empty();
    }

    private @Nullable PythonModule read(Path file) {
        for (Kept one : kept) if (one.file.equals(file)) return one.module;
        if (!(FileText.read(file, file.toString()) instanceof FileText.Outcome.Read(var source))) return null;
        PythonModule module = ModuleReader.read(source);
        if (kept.size() == KEPT) kept.removeLast();
        kept.addFirst(new Kept(file, module));
        return module;
    }
}

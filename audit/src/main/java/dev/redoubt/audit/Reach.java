package dev.redoubt.audit;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Which programs of a project have a part in serving: those that serve, and the modules that these import, in any
/// number of steps. What trains, converts, evaluates or computes a batch beside them serves nobody. A name that
/// is imported at run time only is not followed. Where no program serves, each module may that no script uses: what
/// serves them is elsewhere, as a library's users are.
final class Reach {
    static final String NO_MODEL = "no model is run or asked here";

    private final Map<Path, Program> programs = new HashMap<>();
    private final Set<Path> reached;
    private final boolean somethingServes;
    private final Map<Path, List<Program>> uses = new HashMap<>();
    private final Map<Path, List<Program>> usedBy = new HashMap<>();
    private final Map<Path, Boolean> withoutModel = new HashMap<>();
    private final Set<String> beginnings = new HashSet<>(); // of what an import can mean here

    /// @param othersServe whether a manifest or a command does: then a script beside them has no part in it
    /// @param named files that somebody named themselves: whatever uses them may lie elsewhere
    Reach(Collection<Program> all, boolean othersServe, Set<Path> named) {
        for (Program program : all) {
            programs.put(program.file(), program);
            for (Path part : program.file()) beginnings.add(part.toString().replaceFirst("\\.py$", ""));
        }
        List<Program> first =
                all.stream().filter(program -> program.serves()).collect(Collectors.toCollection(ArrayList::new));
        somethingServes = othersServe || !first.isEmpty();
        if (first.isEmpty()) {
            Set<Path> used = closure(all.stream().filter(Program::script).toList());
            all.stream().filter(program -> !used.contains(program.file())).forEach(first::add);
        }
        all.stream().filter(program -> named.contains(program.file())).forEach(first::add);
        reached = closure(first);
    }

    /// These, and the modules that they import, in any number of steps.
    private Set<Path> closure(Collection<Program> first) {
        Set<Path> all = new HashSet<>();
        Deque<Program> next = new ArrayDeque<>(first);
        while (!next.isEmpty()) {
            Program program = next.remove();
            if (!all.add(program.file())) continue;
            next.addAll(uses(program));
        }
        return all;
    }

    /// What a finding is worth in its file: nothing changes where that is no program, or one that has a part in
    /// serving.
    Finding judged(Finding finding, Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        if (!programs.containsKey(absolute)) return finding;
        if (isHidden(absolute)) return finding.unserved("a package of the same name hides this module");
        if (reached.contains(absolute))
            return finding.level() == Level.WARNING
                            && Plain.matters(finding.check().id())
                            && isWithoutModel(absolute)
                    ? finding.asNote(NO_MODEL)
                    : finding;
        return finding.unserved(
                somethingServes ? "no program that serves uses this file" : "a script, and no program here serves");
    }

    /// `api.py` beside `api/__init__.py` cannot be imported.
    private boolean isHidden(Path module) {
        String name = String.valueOf(module.getFileName()).replaceFirst("\\.pyw?$", "");
        Program program = programs.get(module);
        return program != null
                && !program.script()
                && programs.containsKey(module.resolveSibling(name).resolve("__init__.py"));
    }

    /// Whether neither this program nor what it imports, nor what a server with it imports, can be a model or ask one.
    boolean isWithoutModel(Path file) {
        Program program = programs.get(file.toAbsolutePath().normalize());
        return program != null
                && (program.plain() || Signs.areNone(program.signs()))
                && withoutModel.computeIfAbsent(program.file(), _ -> hasNone(closure(together(program))));
    }

    /// The program, and the servers that import it in any number of steps.
    private List<Program> together(Program program) {
        if (usedBy.isEmpty())
            for (Program each : programs.values())
                for (Program used : uses(each))
                    usedBy.computeIfAbsent(used.file(), _ -> new ArrayList<>()).add(each);
        List<Program> all = new ArrayList<>(List.of(program));
        Set<Path> seen = new HashSet<>();
        Deque<Program> next = new ArrayDeque<>(all);
        while (!next.isEmpty()) {
            Program one = next.remove();
            if (!seen.add(one.file())) continue;
            if (one.serves()) all.add(one);
            next.addAll(usedBy.getOrDefault(one.file(), List.of()));
        }
        return all;
    }

    private boolean hasNone(Set<Path> files) {
        int signs = 0;
        for (Path file : files) {
            Program program = programs.get(file);
            if (program != null) signs += program.signs();
        }
        return Signs.areNone(signs) || allPlain(files);
    }

    private boolean allPlain(Set<Path> files) {
        for (Path file : files) {
            Program program = programs.get(file);
            if (program == null || !program.plain()) return false;
            if (!program.imports().stream().allMatch(imported -> Plain.isKnown(imported) || isOwn(program, imported)))
                return false;
        }
        return true;
    }

    /// Whether an import is a module of the project that was read, a name in one, or a folder that leads to one.
    private boolean isOwn(Program program, String imported) {
        if (!find(program.file(), imported).isEmpty()) return true;
        int dot = imported.lastIndexOf('.');
        if (dot > 0 && !find(program.file(), imported.substring(0, dot)).isEmpty()) return true;
        return program.imports().stream()
                .anyMatch(other -> other.startsWith(imported + ".")
                        && !find(program.file(), other).isEmpty());
    }

    private List<Program> uses(Program program) {
        return uses.computeIfAbsent(
                program.file(),
                file -> program.imports().stream()
                        .flatMap(imported -> find(file, imported).stream())
                        .distinct()
                        .toList());
    }

    private List<Program> find(Path from, String imported) {
        int level = 0;
        while (level < imported.length() && imported.charAt(level) == '.') level++;
        String dotted = imported.substring(level);
        if (!dotted.isEmpty() && !beginnings.contains(dotted.split("\\.", 2)[0])) return List.of();
        List<Program> all = new ArrayList<>();
        Path folder = from.getParent();
        for (int up = 1; up < level && folder != null; up++) folder = folder.getParent();
        for (; folder != null; folder = level > 0 ? null : folder.getParent()) {
            Path at = dotted.isEmpty() ? folder : folder.resolve(dotted.replace('.', '/'));
            add(at.resolve("__init__.py"), all);
            if (!dotted.isEmpty()) add(at.resolveSibling(at.getFileName() + ".py"), all);
        }
        return all;
    }

    private void add(Path file, List<Program> all) {
        Program found = programs.get(file);
        if (found != null) all.add(found);
    }
}

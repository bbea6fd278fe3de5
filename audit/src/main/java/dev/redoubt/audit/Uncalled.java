package dev.redoubt.audit;

import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.PythonModule;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Statement;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A function that only its name would lead to: nothing decorates it, and no framework knows it. If that name stands
/// nowhere else in a project, what it does is done for nobody.
///
/// @param first line of it, in the text that was read
/// @param last line of it
record Uncalled(String name, int first, int last) {
    /* Called by whoever installs or imports the whole: `[project.scripts]`, `uvicorn --factory`, a handler of a platform. */
    private static final Set<String> KNOWN = Set.of(
            "main",
            "cli",
            "app",
            "run",
            "serve",
            "start",
            "launch",
            "handler",
            "lambda_handler",
            "build",
            "builder",
            "create_app",
            "build_app",
            "make_app",
            "get_app",
            "app_builder",
            "entrypoint",
            "init");

    /// All of a program.
    static List<Uncalled> of(Facts facts) {
        return facts.python().stream()
                .flatMap(python -> of(python.module()))
                .map(function -> new Uncalled(
                        function.name(),
                        facts.source().lineAt(function.start()),
                        facts.source().lineAt(function.end())))
                .toList();
    }

    private static Stream<Statement.Function> of(PythonModule module) {
        return module.functions().stream()
                .filter(owned -> owned.node().decorators().isEmpty()
                        && !owned.node().name().startsWith("__")
                        && !KNOWN.contains(owned.node().name())
                        && isPlain(owned))
                .map(Owned::node);
    }

    /// Whether it is no method, or one of a class that extends nothing and that nothing decorates: others are called by
    /// what these know.
    private static boolean isPlain(Owned<Statement.Function> owned) {
        Scope outer = owned.scope().parent();
        Statement.ClassType type =
                outer == null || outer.isModule() ? null : owned.scope().type();
        return type == null || type.bases().isEmpty() && type.decorators().isEmpty();
    }

    /// What a finding is worth in its file: a note, if it stands in one of these functions and the name of that stands
    /// nowhere else.
    static Finding judged(Finding finding, List<Uncalled> functions, Words words) {
        if (finding.level() == Level.NOTE) return finding;
        int line = finding.textLine();
        for (Uncalled function : functions)
            if (function.first <= line && line <= function.last && words.isOnce(function.name))
                return finding.unserved("nothing that was read calls " + function.name);
        return finding;
    }
}

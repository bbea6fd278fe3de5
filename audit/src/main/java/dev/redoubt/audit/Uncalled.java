package dev.redoubt.audit;

import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.PythonModule;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.source.FileKind;
import dev.redoubt.audit.source.SourceText;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
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

    private static final Pattern OF_SHELL = Pattern.compile("(?m)^(?:function )?(\\w{1,100})\\(\\) ?\\{");

    /// All of a program, or of a script.
    static List<Uncalled> of(FileKind kind, Facts facts) {
        if (kind == FileKind.SHELL) return ofShell(facts.source());
        return facts.python().stream()
                .flatMap(python -> of(python.module()))
                .map(function -> new Uncalled(
                        function.name(),
                        facts.source().lineAt(function.start()),
                        facts.source().lineAt(function.end())))
                .toList();
    }

    private static List<Uncalled> ofShell(SourceText source) {
        return OF_SHELL.matcher(source.text())
                .results()
                .filter(function -> !KNOWN.contains(function.group(1)))
                .limit(1_000)
                .map(function -> {
                    int end = source.text().indexOf("\n}", function.end());
                    return new Uncalled(
                            function.group(1),
                            source.lineAt(function.start()),
                            source.lineAt(end < 0 ? function.end() : end));
                })
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

    private static final String SECRET = "V4.4/literal-token"; // known to whoever reads the file

    /// What a finding is worth in its file: a note, if it stands in one of these functions and the name of that stands
    /// nowhere else.
    static Finding judged(Finding finding, List<Uncalled> functions, Words words) {
        if (finding.level() == Level.NOTE || finding.check().id().equals(SECRET)) return finding;
        int line = finding.textLine();
        for (Uncalled function : functions)
            if (function.first <= line && line <= function.last && words.isOnce(function.name))
                return finding.asNote("nothing that was read calls " + function.name);
        return finding;
    }
}

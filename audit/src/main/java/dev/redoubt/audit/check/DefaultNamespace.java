package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Application;
import dev.redoubt.audit.facts.Facts;
import java.util.List;
import java.util.regex.Pattern;

/// Applications without a name, or called `default`.
final class DefaultNamespace implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R4.1/default-namespace",
            Level.WARNING,
            "an application has no name of its own",
            List.of("CWE-269", "CWE-200"),
            "An application without a name is called default: a second one that has none replaces it, and whoever lists or calls by name finds it.",
            "give each application a name: serve.run(app, name=\"shop\"), name: in the file",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Application application : facts.applications()) {
            if (application.settings().lacks("name"))
                findings.add(
                        INFO,
                        asksItself(facts, application) ? Level.NOTE : INFO.level(),
                        application.start(),
                        application.end(),
                        "the application has no name, and is called default");
            application
                    .settings()
                    .get("name")
                    .filter(name -> name.value().texts().anyMatch(text -> text.equals("default") || text.isEmpty()))
                    .ifPresent(name -> findings.add(
                            INFO,
                            name,
                            application.start(),
                            application.end(),
                            "the application is called '" + name.value().shown() + "'"));
        }
    }

    private static final Pattern ASKING = Pattern.compile(
            "\\n {0,8}(\\w{1,40} ?= ?)?(requests|httpx)\\.(get|post)\\(\\s{0,40}f?[\"']http://(localhost|127\\.)");

    /// Whether the program ends after a few requests of its own.
    private static boolean asksItself(Facts facts, Application application) {
        return facts.python().isPresent()
                && ASKING.matcher(facts.source().text())
                        .region(application.end(), facts.source().text().length())
                        .find();
    }
}

package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Application;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

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
}

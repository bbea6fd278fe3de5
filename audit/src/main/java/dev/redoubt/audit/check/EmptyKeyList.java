package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Comprehension;
import dev.redoubt.audit.python.Expression.Source;
import dev.redoubt.audit.python.Expression.Text;
import java.util.List;

/// Lists of keys out of a variable that may be unset: `os.environ.get("API_KEYS", "").split(",")`.
final class EmptyKeyList implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.3/empty-key-list",
            Level.ERROR,
            "an empty list of keys lets the empty key in",
            List.of("CWE-287", "CWE-1188"),
            "An unset variable split on commas is a list of one empty text: a caller without a key then has one that is on the list.",
            "refuse to start where the variable is not set, and leave out empty entries",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static void look(Python python, Findings findings) {
        for (Site site : python.module().calls()) {
            if (!(site.call().function() instanceof Attribute method)
                    || !method.name().equals("split")) continue;
            if (!(method.of() instanceof Call read)) continue;
            String name = python.values().name(read.function(), site.scope());
            if (!name.equals("os.environ.get") && !name.equals("os.getenv")) continue;
            if (read.arguments().size() < 2 || !(read.arguments().getFirst().value() instanceof Text variable))
                continue;
            boolean keys = variable.text().matches("(?i).*(KEY|TOKEN|SECRET)S?(_LIST)?");
            boolean empty = python.values()
                    .of(read.arguments().get(1).value(), site.scope())
                    .texts()
                    .anyMatch(String::isEmpty);
            if (keys && empty && !isFiltered(python, site))
                findings.add(
                        INFO,
                        isRefusedBefore(python) ? Level.NOTE : Level.ERROR,
                        site.call().start(),
                        site.call().end(),
                        "where " + variable.text() + " is not set, the empty key is valid");
        }
    }

    /// FastAPI's own readers of keys answer 403 to an empty one, unless they are told not to.
    private static boolean isRefusedBefore(Python python) {
        return python.module().calls().stream()
                .anyMatch(site ->
                        site.name().matches("fastapi\\.security\\.(.*\\.)?(APIKey(Header|Query|Cookie)|HTTPBearer)")
                                && python.values()
                                        .arguments(site.call(), site.scope())
                                        .get("auto_error")
                                        .filter(refuses -> !refuses.value().equals(new Value.Truth(true)))
                                        .isEmpty());
    }

    /// `[key for key in ….split(",") if key]`.
    private static boolean isFiltered(Python python, Site site) {
        boolean[] found = new boolean[1];
        for (var statement : python.module().program())
            statement.walk(node -> {
                if (node instanceof Comprehension comprehension)
                    for (Source source : comprehension.sources())
                        if (source.iterable().start() <= site.call().start()
                                && site.call().end() <= source.iterable().end())
                            found[0] |= !source.conditions().isEmpty();
            });
        return found[0];
    }
}

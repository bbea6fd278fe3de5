package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import java.util.List;

/// Lists of answers for a part of the requests.
final class ZippedResults implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V3.5/zipped-results",
            Level.ERROR,
            "an answer is bound to its request by its place in a list",
            List.of("CWE-200", "CWE-488"),
            "The batch leaves members out, so the list of answers is shorter than the list of requests: from the first one that was left out, each caller gets another caller's answer.",
            "keep the index of each member beside it, and put answers at their indexes; refused members get an answer too",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python()
                .filter(python -> python.module().serves() || python.module().importsAny("ray"))
                .ifPresent(python -> python.module().functions().forEach(function -> look(python, function, findings)));
    }

    private static void look(Python python, Owned<Statement.Function> owned, Findings findings) {
        Filtered filtered = Filtered.of(owned.node());
        if (filtered.parts().isEmpty()) return;
        boolean batch = owned.node().decorators().stream()
                .anyMatch(decorator -> python.values()
                        .name(decorator instanceof Expression.Call call ? call.function() : decorator, outer(owned))
                        .equals("ray.serve.batch"));
        for (Statement statement : owned.node().body())
            statement.walk(node -> {
                if (node instanceof Expression.Call call
                        && call.function() instanceof Expression.Name zip
                        && zip.id().equals("zip")
                        && filtered.mixes(call))
                    findings.add(
                            INFO,
                            call,
                            "some members were left out before: each answer after them belongs to another request");
                if (batch
                        && node instanceof Statement.Simple answer
                        && answer.word().equals("return")
                        && answer.values().size() == 1
                        && filtered.isShort(answer.values().getFirst()))
                    findings.add(
                            INFO, answer, "the batch gets fewer answers than it has members, bound by their places");
            });
    }

    private static Scope outer(Owned<Statement.Function> owned) {
        Scope parent = owned.scope().parent();
        return parent == null ? owned.scope() : parent;
    }
}

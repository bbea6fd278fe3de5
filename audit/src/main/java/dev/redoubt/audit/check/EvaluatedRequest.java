package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import java.util.List;
import java.util.Set;

/// `eval`, `exec` and templates of request data.
final class EvaluatedRequest implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R3.3/evaluated-request",
            Level.ERROR,
            "what a caller sends is run",
            List.of("CWE-94", "CWE-95"),
            "eval, exec and templates made of what a caller sends run it with all rights of the server.",
            "parse values with json, or look names up in a dictionary of what is allowed",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static final Set<String> RUNS =
            Set.of("eval", "exec", "compile", "jinja2.Template", "os.system", "subprocess.getoutput");

    private static void look(Python python, Findings findings) {
        for (Site site : python.module().calls()) {
            boolean shell = site.name().startsWith("subprocess.")
                    && python.values()
                            .arguments(site.call(), site.scope())
                            .get("shell")
                            .filter(setting -> setting.value().mayBe(true))
                            .isPresent();
            if (!shell && !RUNS.contains(site.name())) continue;
            if (site.call().arguments().isEmpty()) continue;
            if (python.callers().decide(site.call().arguments().getFirst().value(), site.scope()))
                findings.add(INFO, site.call(), site.name() + " runs what a caller sends");
        }
    }
}

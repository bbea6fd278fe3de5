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

/// Changes of a `SamplingParams` that outlives the request.
final class SharedSampling implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V3.2/shared-sampling",
            Level.ERROR,
            "sampling parameters of one caller change those of another",
            List.of("CWE-362", "CWE-488"),
            "An object that all requests share is changed for one of them: those that run beside it are sampled with its temperature, seed or length.",
            "make a SamplingParams for each request, inside the handler",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().ifPresent(python -> {
            for (Owned<Statement> owned : python.module().statements())
                if (owned.node() instanceof Statement.Assign assign
                        && owned.scope().function() != null
                        && !isSetUp(owned.scope()))
                    for (Expression target : assign.targets())
                        if (target instanceof Expression.Attribute attribute
                                && outlives(python, attribute.of(), owned.scope()))
                            findings.add(INFO, assign, attribute.name() + " is changed for every request that runs");
        });
    }

    private static boolean isSetUp(Scope scope) {
        return scope.function() != null
                && (scope.function().name().equals("__init__")
                        || scope.function().name().equals("reconfigure"));
    }

    /// Whether it is an attribute of the object, or a name of the module.
    private static boolean outlives(Python python, Expression object, Scope scope) {
        boolean shared = object instanceof Expression.Attribute(int _, int _, Expression.Name self, String _)
                        && self.id().equals("self")
                || object instanceof Expression.Name name && python.module().binds(name.id(), scope);
        String type = python.values().name(object, scope);
        return shared && type.startsWith("vllm.") && type.endsWith("SamplingParams()");
    }
}

package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.List;

/// Methods of deployments that others call, without types and checks.
final class UncheckedStage implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R5.1/unchecked-stage",
            Level.NOTE,
            "a stage takes whatever it is handed",
            List.of("CWE-20"),
            "A stage that is called by others gets what they pass on: a wrong shape fails deep inside, or in the stage after.",
            "state types of parameters, and check shape, dtype and size at the start of each stage",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().importsAny("ray.serve")).ifPresent(python -> {
            for (Deployment deployment : facts.deployments()) {
                if (!(deployment.code() instanceof Statement.ClassType type) || !isStage(python, type.name())) continue;
                for (Statement statement : type.body())
                    if (statement instanceof Statement.Function method
                            && (!method.name().startsWith("_") || method.name().equals("__call__"))
                            && isUnchecked(method))
                        findings.add(
                                INFO,
                                method.start(),
                                method.start() + method.name().length(),
                                type.name() + "." + method.name() + " takes whatever it is handed");
            }
        });
    }

    /// Whether it is bound into another deployment.
    private static boolean isStage(Python python, String name) {
        for (Site site : python.module().calls()) {
            if (!(site.call().function() instanceof Expression.Attribute method)
                    || !method.name().equals("bind")) continue;
            for (Expression.Argument argument : site.call().arguments()) {
                String bound = python.values().name(argument.value(), site.scope());
                if (bound.equals("." + name + ".bind()") || bound.equals("." + name + ".options().bind()")) return true;
            }
        }
        return false;
    }

    private static boolean isUnchecked(Statement.Function method) {
        if (method.parameters().size() < 2) return false;
        for (Parameter parameter :
                method.parameters().subList(1, method.parameters().size())) if (parameter.type() != null) return false;
        boolean[] checked = new boolean[1];
        for (Statement statement : method.body())
            statement.walk(node -> checked[0] |= node instanceof Statement.Simple simple
                    && (simple.word().equals("raise") || simple.word().equals("assert")));
        return !checked[0];
    }
}

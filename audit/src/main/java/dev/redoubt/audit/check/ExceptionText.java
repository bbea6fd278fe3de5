package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Callers.Framework;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.python.Statement.Branch;
import java.util.List;
import java.util.Set;

/// Exceptions and traces in answers.
final class ExceptionText implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R5.3/exception-text",
            Level.WARNING,
            "callers see the text of exceptions",
            List.of("CWE-209", References.DISCLOSURE),
            "Exceptions name paths, addresses, versions and parts of other inputs; they are written for whoever runs the server.",
            "log the exception under an id, and answer with a code, a fixed message and that id",
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
        for (Owned<Statement> owned : python.module().statements()) {
            if (!(owned.node() instanceof Statement.Block block)
                    || !block.word().equals("try")) continue;
            if (owned.scope().function() == null || administers(python, block)) continue;
            if (Administrators.use(python, owned.scope()) || onlyParses(python, block, owned.scope())) continue;
            if (!mayRaise(block)) continue;
            boolean answers = answers(python, owned.scope());
            if (!answers && Escape.isKept(python, owned.scope())) continue;
            for (Branch branch : block.branches())
                if (branch.word().equals("except") && isBroad(python, branch, owned.scope()))
                    branch.body().forEach(one -> look(python, one, branch.name(), answers, owned.scope(), findings));
        }
    }

    /// Whether anything in it is called, computed or looked up.
    private static boolean mayRaise(Statement.Block block) {
        boolean[] found = new boolean[1];
        for (Statement statement : block.branches().getFirst().body())
            statement.walk(node -> found[0] |= node instanceof Expression.Call
                    || node instanceof Expression.Subscript
                    || node instanceof Expression.Attribute
                    || node instanceof Expression.Operation
                    || node instanceof Statement.Simple simple
                            && !simple.word().isEmpty()
                            && !simple.word().equals("return"));
        return found[0];
    }

    /// What runs a command for an operator shows what that command says.
    private static boolean administers(Python python, Statement.Block block) {
        boolean[] found = new boolean[1];
        block.walk(node -> {
            if (node instanceof Expression.Text text
                    && text.text().matches("(kubectl|helm|docker|podman|systemctl|journalctl|nvidia-smi)( .*)?"))
                found[0] = true;
        });
        return found[0];
    }

    /// What cannot be parsed is the caller's own text, and so is what is said of it.
    private static boolean onlyParses(Python python, Statement.Block block, Scope scope) {
        boolean[] parses = new boolean[1];
        boolean[] more = new boolean[1];
        for (Statement statement : block.branches().getFirst().body())
            statement.walk(node -> {
                if (!(node instanceof Expression.Call call)) return;
                boolean known = python.values().name(call.function(), scope).matches(PARSERS);
                parses[0] |= known;
                more[0] |= !known;
            });
        return parses[0] && !more[0];
    }

    private static final String PARSERS =
            "yaml\\.(safe_load|load)|json\\.loads|base64\\.b64decode|uuid\\.UUID|datetime\\.(datetime\\.)?(fromisoformat|strptime)|int|float";

    private static boolean answers(Python python, Scope scope) {
        Statement.Function function = scope.function();
        if (function == null) return false;
        return python.callers()
                .handler(function, scope)
                .filter(handler -> handler.framework() != Framework.SERVE || !Escape.isInner(python, scope))
                .isPresent();
    }

    /// An exception of the program's own, or one of validation, may have a text that is meant for callers.
    private static boolean isBroad(Python python, Branch branch, Scope scope) {
        if (branch.heads().isEmpty()) return true;
        String name = python.values().name(branch.heads().getFirst(), scope);
        return BROAD.contains(name) && !(name.equals("RuntimeError") && raisesOwn(python));
    }

    /// Whether the program raises runtime errors whose text it states itself.
    private static boolean raisesOwn(Python python) {
        return python.module().statements().stream()
                .anyMatch(owned -> owned.node() instanceof Statement.Simple raise
                        && raise.word().equals("raise")
                        && !raise.values().isEmpty()
                        && raise.values().getFirst() instanceof Expression.Call call
                        && call.function() instanceof Expression.Name name
                        && name.id().equals("RuntimeError")
                        && !call.arguments().isEmpty()
                        && call.arguments().getFirst().value() instanceof Expression.Text text
                        && text.holes().isEmpty());
    }

    private static final Set<String> BROAD = Set.of("Exception", "BaseException", "RuntimeError");

    /// @param answers whether the function itself is called with requests: what it returns is an answer. An
    /// `HTTPException` is one whoever raises it.
    private static void look(
            Python python, Node node, String exception, boolean answers, Scope scope, Findings findings) {
        switch (node) {
            case Statement.Simple statement
            when statement.word().equals("return") || statement.word().equals("raise") -> {
                if (statement.values().isEmpty()) return;
                Expression answer = statement.values().getFirst();
                boolean raises = statement.word().equals("raise");
                boolean http = !Escape.isBehindHandle(python, scope)
                        && !Escape.isStream(scope)
                        && answer instanceof Expression.Call call
                        && python.values().name(call.function(), scope).endsWith("HTTPException");
                if ((raises ? http : answers) && shows(python, answer, exception, scope))
                    findings.add(INFO, statement, "callers see the text of the exception");
            }
            case Statement.Function _ -> {}
            case Statement.Block choice
            when choice.word().equals("if") -> {
                for (Branch branch : choice.branches())
                    if (branch.heads().stream().noneMatch(head -> isNarrowed(python, head, exception, scope)))
                        branch.body().forEach(child -> look(python, child, exception, answers, scope, findings));
            }
            case Statement inner -> inner.children(child -> look(python, child, exception, answers, scope, findings));
            default -> {}
        }
    }

    /// `isinstance(e, NotSupported)`: one of the program's own, as in [#isBroad].
    private static boolean isNarrowed(Python python, Expression condition, String exception, Scope scope) {
        return condition instanceof Expression.Call call
                && call.function() instanceof Expression.Name test
                && test.id().equals("isinstance")
                && call.arguments().size() == 2
                && call.arguments().getFirst().value() instanceof Expression.Name tested
                && tested.id().equals(exception)
                && !BROAD.contains(
                        python.values().name(call.arguments().getLast().value(), scope));
    }

    private static boolean shows(Python python, Expression answer, String exception, Scope scope) {
        boolean[] found = new boolean[1];
        answer.walk(node -> {
            if (node instanceof Expression.Name name
                    && !exception.isEmpty()
                    && name.id().equals(exception)) found[0] = true;
            if (node instanceof Expression.Call call
                    && python.values().name(call.function(), scope).startsWith("traceback.format")) found[0] = true;
        });
        boolean[] onlyType = new boolean[1];
        answer.walk(node -> {
            if (node instanceof Expression.Call call
                    && call.function() instanceof Expression.Name type
                    && type.id().equals("type")) onlyType[0] = true;
        });
        return found[0] && !onlyType[0];
    }
}

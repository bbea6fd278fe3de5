package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.python.Expression;
import java.util.List;
import java.util.regex.Pattern;

/// `==` and `!=` between keys.
final class ComparedKey implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.3/compared-key",
            Level.WARNING,
            "keys are compared by ==",
            List.of("CWE-208"),
            "The comparison ends at the first byte that differs: its time tells how much of a guess is right.",
            "compare with secrets.compare_digest, or keep keyed hashes",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static final Pattern KEY = Pattern.compile(
            "(?i)(.*_)?(api_?keys?|x_api_key|auth_?token|access_token|bearer_?token|secret(_key)?|authorization|expected_(key|token)|valid_(key|token)|admin_(key|token))(_?header)?");
    private static final Pattern TOKEN = Pattern.compile("(?i)token|key|provided(_key|_token)?|credentials?|password");

    private static void look(Python python, Findings findings) {
        for (Owned<Expression> owned : python.module().others()) {
            if (!(owned.node() instanceof Expression.Comparison comparison)) continue;
            for (int i = 0; i < comparison.operators().size(); i++) {
                String operator = comparison.operators().get(i);
                if (!operator.equals("==") && !operator.equals("!=")) continue;
                Expression left = comparison.operands().get(i);
                Expression right = comparison.operands().get(i + 1);
                if (compares(left, right) || compares(right, left))
                    findings.add(
                            INFO,
                            comparison,
                            "a key is compared by " + operator + ", whose time tells how much of it is right");
            }
        }
    }

    /// Whether one is a key, and the other may be one too.
    private static boolean compares(Expression key, Expression other) {
        String name = name(key);
        boolean isKey = KEY.matcher(name).matches();
        boolean mayBe = TOKEN.matcher(name).matches();
        return switch (other) {
            case Expression.Text text -> isKey && text.text().indexOf(Expression.HOLE) >= 0;
            case Expression.Name _, Expression.Attribute _, Expression.Subscript _, Expression.Call _ -> {
                String second = name(other);
                yield (isKey && !second.isEmpty() && !second.equals("len"))
                                && (KEY.matcher(second).matches()
                                        || TOKEN.matcher(second).matches()
                                        || other instanceof Expression.Call)
                        || (mayBe && KEY.matcher(second).matches());
            }
            default -> false;
        };
    }

    private static String name(Expression expression) {
        return switch (expression) {
            case Expression.Name name -> name.id();
            case Expression.Attribute attribute -> attribute.name();
            case Expression.Subscript subscript
            when subscript.index() instanceof Expression.Text text ->
                text.text().replace('-', '_');
            case Expression.Call call -> named(call);
            default -> "";
        };
    }

    /// `os.getenv("API_KEY")`, `headers.get("X-API-Key")`.
    private static String named(Expression.Call call) {
        boolean reads = call.function() instanceof Expression.Attribute method
                && (method.name().equals("get") || method.name().equals("getenv"));
        return reads
                        && !call.arguments().isEmpty()
                        && call.arguments().getFirst().value() instanceof Expression.Text text
                ? text.text().replace('-', '_')
                : "";
    }
}

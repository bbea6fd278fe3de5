package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Dictionaries of timestamps of one process that limit how often a caller may ask.
final class ProcessRateLimit implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V3.4/process-rate-limit",
            Level.WARNING,
            "requests are counted in a dictionary of one process",
            List.of("CWE-770", "CWE-799", References.SERVICE),
            "Each worker and each replica counts for itself, so that the limit is as many times as high, a restart forgets it, and a key that is never seen again stays in memory for ever.",
            "count in one place for all processes (the proxy, a store that they share), in an exact window of 60 seconds, and drop keys that are idle",
            References.ALL);

    private static final Pattern CLOCK = Pattern.compile(
            "time\\.(time|monotonic|perf_counter)(_ns)?|(datetime\\.)?datetime\\.(now|utcnow)|asyncio\\.get_event_loop\\(\\)\\.time");
    private static final Pattern LIMITS = Pattern.compile("(?i).*(rate_?limit|limiter|throttl|quota).*");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> {
            Set<String> dictionaries = dictionaries(python);
            if (dictionaries.isEmpty()) return;
            Set<String> cleared = cleared(python, dictionaries);
            Set<String> seen = new HashSet<>(); // one finding for one dictionary
            for (Owned<Statement.Function> function : python.module().functions())
                look(python, function, dictionaries, cleared, seen, findings);
        });
    }

    /// Names of dictionaries that are empty at first and live as long as the process or an object.
    private static Set<String> dictionaries(Python python) {
        Set<String> found = new HashSet<>();
        for (Owned<Statement> owned : python.module().statements())
            if (owned.node() instanceof Statement.Assign assign
                    && assign.value() != null
                    && isEmpty(python, assign.value(), owned)) {
                if (assign.targets().getFirst() instanceof Name name
                        && owned.scope().isModule()) found.add(name.id());
                if (assign.targets().getFirst() instanceof Attribute attribute) found.add(attribute.name());
            }
        return found;
    }

    private static boolean isEmpty(Python python, Expression value, Owned<Statement> owned) {
        if (value instanceof Expression.Dict dict) return dict.entries().isEmpty();
        if (!(value instanceof Call call)) return false;
        String name = python.values().name(call.function(), owned.scope());
        return name.equals("dict") && call.arguments().isEmpty() || name.equals("collections.defaultdict");
    }

    /// A function that asks the clock, compares, and keeps what the clock said in such a dictionary.
    private static void look(
            Python python,
            Owned<Statement.Function> function,
            Set<String> dictionaries,
            Set<String> cleared,
            Set<String> found,
            Findings findings) {
        boolean[] seen = new boolean[4]; // the clock, a comparison, the status, counting down
        Set<Node> kept = new HashSet<>();
        for (Statement statement : function.node().body())
            statement.walkHere(node -> {
                switch (node) {
                    case Call call -> {
                        seen[0] |= CLOCK.matcher(python.values().name(call.function(), function.scope()))
                                .matches();
                        if (call.function() instanceof Attribute method
                                && (method.name().equals("setdefault")
                                        || method.name().equals("get"))
                                && isOne(method.of(), dictionaries)) kept.add(call);
                    }
                    case Expression.Subscript subscript -> {
                        if (isOne(subscript.of(), dictionaries)) kept.add(subscript);
                    }
                    case Expression.Comparison _ -> seen[1] = true;
                    case Expression.Operation operation
                    when operation.operator().equals("-") ->
                        seen[3] |= operation.operands().getLast() instanceof Expression.Numeral one && one.value() == 1;
                    case Statement.Assign assign -> seen[3] |= assign.operator().equals("-=");
                    case Expression.Numeral numeral -> seen[2] |= numeral.value() == 429;
                    default -> {}
                }
            });
        Statement.ClassType type = function.scope().type();
        boolean limits = seen[2]
                || LIMITS.matcher(function.node().name()).matches()
                || type != null && LIMITS.matcher(type.name()).matches();
        if (seen[0] && seen[1] && limits && !seen[3]) // what is counted down again is a queue
        kept.stream()
                    .min((a, b) -> Integer.compare(a.start(), b.start()))
                    .filter(first -> found.add(name(first)))
                    .ifPresent(first -> findings.add(
                            INFO,
                            first,
                            cleared.contains(name(first))
                                    ? "each process counts for itself"
                                    : "each process counts for itself, and forgets no caller"));
    }

    /// Dictionaries that something is taken out of.
    private static Set<String> cleared(Python python, Set<String> dictionaries) {
        Set<String> found = new HashSet<>();
        for (Statement statement : python.module().program())
            statement.walk(node -> {
                if (node instanceof Statement.Simple delete && delete.word().equals("del"))
                    for (Expression value : delete.values())
                        if (value instanceof Expression.Subscript one && isOne(one.of(), dictionaries))
                            found.add(name(one));
                if (node instanceof Call call
                        && call.function() instanceof Attribute method
                        && (method.name().equals("pop") || method.name().equals("popitem"))
                        && isOne(method.of(), dictionaries)) found.add(name(call));
            });
        return found;
    }

    /// What the dictionary is called that is asked here.
    private static String name(Node asked) {
        Expression of = switch (asked) {
            case Expression.Subscript subscript -> subscript.of();
            case Call call when call.function() instanceof Attribute method -> method.of();
            default -> null;
        };
        if (of instanceof Attribute attribute) return attribute.name();
        return of instanceof Name name ? name.id() : "";
    }

    private static boolean isOne(Expression expression, Set<String> dictionaries) {
        return expression instanceof Name name && dictionaries.contains(name.id())
                || expression instanceof Attribute attribute && dictionaries.contains(attribute.name());
    }
}

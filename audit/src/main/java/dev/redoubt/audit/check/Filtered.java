package dev.redoubt.audit.check;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Comprehension;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Which lists of a function hold a part of the members of one of its parameters, and which hold something for each
/// member of such a part.
///
/// @param parts names of lists that leave members out, and of which parameter
/// @param results names of what was computed of such a list
record Filtered(Map<String, String> parts, Map<String, String> results) {
    static Filtered of(Statement.Function function) {
        Filtered found = new Filtered(new HashMap<>(), new HashMap<>());
        Set<String> parameters = new HashSet<>();
        for (Parameter parameter : function.parameters()) parameters.add(parameter.name());
        function.body()
                .forEach(statement -> statement.walk(node -> {
                    if (node instanceof Statement.Assign assign
                            && assign.value() != null
                            && assign.targets().getFirst() instanceof Name name)
                        found.assigned(name.id(), assign.value(), parameters);
                    if (node instanceof Statement.Loop loop) found.appended(loop, parameters);
                }));
        return found;
    }

    private void assigned(String name, Expression value, Set<String> parameters) {
        if (value instanceof Comprehension comprehension
                && comprehension.sources().size() == 1) {
            Expression.Source source = comprehension.sources().getFirst();
            if (source.iterable() instanceof Name list
                    && !source.conditions().isEmpty()
                    && parameters.contains(list.id())) parts.put(name, list.id());
            if (source.iterable() instanceof Name list
                    && source.conditions().isEmpty()
                    && results.containsKey(list.id())) results.put(name, results.get(list.id()));
            if (source.iterable() instanceof Name list && source.conditions().isEmpty() && parts.containsKey(list.id()))
                results.put(name, parts.get(list.id()));
            return;
        }
        value.walk(node -> {
            if (node instanceof Expression.Call call)
                for (Expression.Argument argument : call.arguments())
                    if (argument.value() instanceof Name list && parts.containsKey(list.id()) && !isMeasured(call))
                        results.put(name, parts.get(list.id()));
        });
    }

    private static boolean isMeasured(Expression.Call call) {
        return call.function() instanceof Name name
                && (name.id().equals("len") || name.id().equals("enumerate"));
    }

    /// `for x in xs: if good(x): part.append(x)`, where nothing is appended for the others.
    private void appended(Statement.Loop loop, Set<String> parameters) {
        if (!(loop.iterable() instanceof Name list)
                || !parameters.contains(list.id())
                || !(loop.target() instanceof Name item)) return;
        for (Statement statement : loop.body()) {
            if (!(statement instanceof Statement.Block block)
                    || !block.word().equals("if")
                    || block.branches().size() != 1) continue;
            for (Statement inside : block.branches().getFirst().body())
                inside.walk(node -> {
                    if (node instanceof Expression.Call call
                            && call.function() instanceof Expression.Attribute method
                            && method.name().equals("append")
                            && method.of() instanceof Name part
                            && call.arguments().size() == 1
                            && mentions(call.arguments().getFirst().value(), item.id()))
                        parts.put(part.id(), list.id());
                });
        }
    }

    private static boolean mentions(Expression expression, String name) {
        boolean[] found = new boolean[1];
        expression.walk(node -> found[0] |= node instanceof Name one && one.id().equals(name));
        return found[0];
    }

    /// Whether the call pairs all members with what belongs to a part of them.
    boolean mixes(Expression.Call zip) {
        Set<String> all = new HashSet<>();
        Set<String> ofPart = new HashSet<>();
        for (Expression.Argument argument : zip.arguments()) {
            if (!(argument.value() instanceof Name name)) continue;
            all.add(name.id());
            String of = results.getOrDefault(name.id(), parts.getOrDefault(name.id(), ""));
            if (!of.isEmpty()) ofPart.add(of);
        }
        return ofPart.stream().anyMatch(all::contains);
    }

    boolean isShort(Expression answer) {
        if (answer instanceof Name name) return results.containsKey(name.id()) || parts.containsKey(name.id());
        return answer instanceof Comprehension comprehension
                && comprehension.sources().size() == 1
                && comprehension.sources().getFirst().iterable() instanceof Name name
                && results.containsKey(name.id());
    }
}

package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/// `bind` of applications into each other.
final class CircularBind implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R5.2/circular-bind",
            Level.ERROR,
            "deployments are bound in a circle",
            List.of("CWE-674"),
            "Each waits for the other: with bounded queues they stop, without they grow.",
            "cut the circle: let one of them be called through a stage above both",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().importsAny("ray")).ifPresent(python -> {
            Map<String, Set<String>> edges = new HashMap<>();
            Map<String, Expression.Call> places = new HashMap<>();
            for (Site site : python.module().calls()) {
                if (!(site.call().function() instanceof Expression.Attribute method)
                        || !method.name().equals("bind")) continue;
                String from = deployment(python, method.of(), site);
                if (!OWN.matcher(from).matches()) continue; // of another module, or a method of an old graph
                places.put(from, site.call());
                for (Expression.Argument argument : site.call().arguments()) {
                    String to = python.values().name(argument.value(), site.scope());
                    if (to.endsWith(".bind()"))
                        edges.computeIfAbsent(from, _ -> new LinkedHashSet<>())
                                .add(withoutOptions(to.substring(0, to.length() - 7)));
                }
            }
            for (String start : places.keySet()) {
                if (!reaches(start, start, edges, new HashSet<>())) continue;
                Expression.Call place = Objects.requireNonNull(places.get(start));
                findings.add(
                        INFO,
                        place,
                        start.substring(start.lastIndexOf('.') + 1) + " is bound into itself, through "
                                + String.join(", ", edges.getOrDefault(start, Set.of())));
            }
        });
    }

    private static final Pattern OWN = Pattern.compile("\\.\\w+");

    private static String deployment(Python python, Expression bound, Site site) {
        return withoutOptions(python.values().name(bound, site.scope()));
    }

    private static String withoutOptions(String name) {
        return name.endsWith(".options()") ? name.substring(0, name.length() - ".options()".length()) : name;
    }

    private static boolean reaches(String from, String goal, Map<String, Set<String>> edges, Set<String> seen) {
        for (String next : edges.getOrDefault(from, Set.of())) {
            if (next.equals(goal)) return true;
            if (seen.size() < 1_000 && seen.add(next) && reaches(next, goal, edges, seen)) return true;
        }
        return false;
    }
}

package dev.redoubt.serve.graph;

import dev.redoubt.base.Check;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.Meeting;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The deployments of one application and who calls whom. An application whose graph has a problem is not
/// deployed.
public final class Graph {
    /* One walk from the ingress finds cycles, what is reached, and, on the way back, for each deployment the longest
     * and the slowest path that begins at it. With a cycle there are no longest paths, so lengths and times are
     * looked at only without. An application has at most 64 deployments, and the walk goes as deep. */

    /// Deployments on one path.
    public static final int DEPTH_MAX = 10;

    /// Handles of one deployment.
    public static final int FAN_OUT_MAX = 16;

    private enum Visit {
        UNDER_WAY,
        OVER
    }

    /// The worst that begins at a deployment.
    private record Path(List<String> names, Duration time) {
        Path after(DeploymentSpec deployment) {
            List<String> longer = new ArrayList<>(names);
            longer.addFirst(deployment.name());
            return new Path(longer, time.plus(deployment.timeouts().call()));
        }

        @Override
        public String toString() {
            return String.join(" -> ", names);
        }
    }

    private final Map<String, DeploymentSpec> deployments = new LinkedHashMap<>();
    private final Map<String, Interface> interfaces;
    private final String ingress;
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Visit> visits = new LinkedHashMap<>();
    private final List<String> way = new ArrayList<>(); // from the ingress to where the walk is
    private final List<String> order = new ArrayList<>();
    private final Map<String, Path> longest = new HashMap<>();
    private final Map<String, Path> slowest = new HashMap<>();
    private boolean cyclic;

    private Graph(ApplicationSpec application, Map<String, Interface> interfaces) {
        for (DeploymentSpec deployment : application.deployments()) {
            Check.that(interfaces.containsKey(deployment.name()), "no interface of '%s' is known", deployment.name());
            deployments.put(deployment.name(), deployment);
        }
        this.interfaces = interfaces;
        this.ingress = application.ingress();
    }

    /// Everything that is wrong with it: targets that do not exist, types that do not meet, cycles, too long or
    /// too wide, stages that together may take longer than a request has, and what nobody reaches.
    ///
    /// @param interfaces one for each deployment, by its name
    /// @param requestTimeout what a request has from end to end (R1.3)
    /// @return a line each, for the operator; empty if it may be deployed
    public static List<String> problems(
            ApplicationSpec application, Map<String, Interface> interfaces, Duration requestTimeout) {
        Graph graph = new Graph(application, interfaces);
        graph.check(requestTimeout);
        return List.copyOf(graph.problems);
    }

    /// Deployments that others call before those that call them; only what is reached.
    ///
    /// @param interfaces as for [#problems], which has found none
    public static List<String> order(ApplicationSpec application, Map<String, Interface> interfaces) {
        Graph graph = new Graph(application, interfaces);
        graph.walk(graph.ingress);
        return List.copyOf(graph.order);
    }

    private void check(Duration requestTimeout) {
        for (String name : deployments.keySet()) edges(name);
        for (String name : deployments.keySet()) routes(name);
        walk(ingress);
        for (String name : deployments.keySet()) {
            if (visits.containsKey(name)) continue;
            problems.add("'" + name + "' is on no path from the ingress '" + ingress
                    + "': remove it, or give a deployment that is a handle to it");
            walk(name); // it may have a cycle of its own
        }
        if (cyclic) return;
        Path deep = longest.get(ingress);
        if (deep != null && deep.names.size() > DEPTH_MAX)
            problems.add(deep + " is a path of " + deep.names.size() + " deployments, limit is " + DEPTH_MAX
                    + ": put stages together");
        Path slow = slowest.get(ingress);
        if (slow != null && slow.time.compareTo(requestTimeout) > 0)
            problems.add(slow + " may take " + seconds(slow.time) + " s by the timeouts of its stages, a request has "
                    + seconds(requestTimeout) + " s: lower the timeouts until their sum fits");
    }

    private static String seconds(Duration time) {
        return String.valueOf(time.toMillis() / 1000.0);
    }

    private void edges(String name) {
        List<Interface.Edge> edges = calls(name);
        if (edges.size() > FAN_OUT_MAX)
            problems.add("'" + name + "' calls " + edges.size() + " others, limit is " + FAN_OUT_MAX
                    + ": give some to a stage between");
        for (Interface.Edge edge : edges) {
            Interface target = interfaces.get(edge.target());
            if (target == null || !deployments.containsKey(edge.target())) {
                problems.add("'" + name + "' calls '" + edge.target() + "', which is none of the deployments "
                        + deployments.keySet() + ": add it, or take the handle away");
                continue;
            }
            String between = "'" + name + "' calls '" + edge.target() + "' and their types do not meet: ";
            Meeting.problem(edge.input(), target.input())
                    .ifPresent(problem -> problems.add(between + "of what it is given, " + problem));
            Meeting.problem(target.output(), edge.output())
                    .ifPresent(problem -> problems.add(between + "of what it replies, " + problem));
        }
    }

    private void routes(String name) {
        Interface known = interfaces.get(name);
        if (known == null || known.routes().isEmpty() || name.equals(ingress)) return;
        problems.add("'" + name + "' has the route " + known.routes().getFirst() + " and callers never reach it: make"
                + " it the ingress, or take @Route away");
    }

    private List<Interface.Edge> calls(String name) {
        Interface known = interfaces.get(name);
        return known == null ? List.of() : known.calls();
    }

    private void walk(String name) {
        visits.put(name, Visit.UNDER_WAY);
        way.add(name);
        @Nullable Path deep = null;
        @Nullable Path slow = null;
        for (String target : targets(name)) {
            if (visits.get(target) == Visit.UNDER_WAY) {
                cycle(target);
                continue;
            }
            if (!visits.containsKey(target)) walk(target);
            Path deepThere = longest.get(target);
            if (deepThere != null && (deep == null || deepThere.names.size() > deep.names.size())) deep = deepThere;
            Path slowThere = slowest.get(target);
            if (slowThere != null && (slow == null || slowThere.time.compareTo(slow.time) > 0)) slow = slowThere;
        }
        DeploymentSpec deployment = deployments.get(name);
        Path end = new Path(List.of(), Duration.ZERO);
        if (deployment != null) {
            longest.put(name, (deep == null ? end : deep).after(deployment));
            slowest.put(name, (slow == null ? end : slow).after(deployment));
        }
        way.removeLast();
        visits.put(name, Visit.OVER);
        order.add(name);
    }

    /// Each once, and only those that exist.
    private Set<String> targets(String name) {
        Set<String> targets = new LinkedHashSet<>();
        for (Interface.Edge edge : calls(name)) if (deployments.containsKey(edge.target())) targets.add(edge.target());
        return targets;
    }

    private void cycle(String back) {
        cyclic = true;
        List<String> names = new ArrayList<>(way.subList(way.indexOf(back), way.size()));
        names.add(back);
        problems.add(
                String.join(" -> ", names) + " is a cycle: a request would never end, take one of the handles away");
    }
}

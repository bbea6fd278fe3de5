package dev.redoubt.serve.graph;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gives each deployment that states no time for its calls an equal share of what the others on its slowest path
/// leave of the request's, so that no path takes longer than a request has (R5.2).
public final class StageTimeouts {
    /* Of a path with n deployments that state nothing, and others that state s together, each of the n may have (T - s) / n; a
     * deployment gets the least of its paths'. There may be very many paths but few lengths, so for each deployment only the largest s
     * for each n is kept: of the ways that lead to it, and of those that go on from it. */
    private static final Duration LEAST = Duration.ofMillis(1); // where nothing is left: the graph's check says so
    private static final int COUNTS = Graph.DEPTH_MAX + 1;

    private final ApplicationSpec spec;
    private final Map<String, Interface> interfaces;
    private final Duration request;
    private final Map<String, long[]> before = new HashMap<>(); // by deployment; nanoseconds by n, -1: no such way
    private final Map<String, long[]> after = new HashMap<>();

    private StageTimeouts(ApplicationSpec spec, Map<String, Interface> interfaces, Duration request) {
        this.spec = spec;
        this.interfaces = interfaces;
        this.request = request;
    }

    /// The same spec with a time for each deployment. Of a graph that has a problem they mean nothing.
    ///
    /// @param interfaces one for each deployment, by its name
    /// @param request what a request has from end to end
    public static ApplicationSpec filled(ApplicationSpec spec, Map<String, Interface> interfaces, Duration request) {
        if (spec.deployments().stream().allMatch(one -> one.timeouts().stated().isPresent())) return spec;
        StageTimeouts times = new StageTimeouts(spec, interfaces, request);
        times.walk();
        return withTimes(spec, times::share);
    }

    private interface Times {
        Duration of(String deployment);
    }

    private static ApplicationSpec withTimes(ApplicationSpec spec, Times times) {
        List<DeploymentSpec> deployments = spec.deployments().stream()
                .map(one -> one.timeouts().stated().isPresent()
                        ? one
                        : one.with(one.timeouts().withCall(times.of(one.name()))))
                .toList();
        return spec.with(deployments);
    }

    /// Those that are called come first in this order, so one pass each way is enough.
    private void walk() {
        List<String> order = Graph.order(spec, interfaces);
        for (String name : order) {
            before.put(name, none());
            after.put(name, none());
        }
        for (String name : order) {
            at(after, name)[0] = Math.max(at(after, name)[0], 0);
            for (String target : targets(name)) extend(at(after, name), at(after, target), target);
        }
        at(before, spec.ingress())[0] = 0;
        for (String name : order.reversed())
            for (String target : targets(name)) extend(at(before, target), at(before, name), name);
    }

    private static long[] none() {
        long[] none = new long[COUNTS];
        Arrays.fill(none, -1);
        return none;
    }

    /// Takes over ways of another deployment, with that deployment on them.
    private void extend(long[] ways, long[] others, String other) {
        Optional<Duration> stated = stated(other);
        for (int count = 0; count < COUNTS; count++) {
            if (others[count] < 0) continue;
            int counted = stated.isPresent() ? count : count + 1;
            if (counted == COUNTS) continue; // too long a path, which the graph's check refuses
            ways[counted] = Math.max(
                    ways[counted], others[count] + stated.map(Duration::toNanos).orElse(0L));
        }
    }

    private Duration share(String name) {
        long least = request.toNanos();
        for (int up = 0; up < COUNTS; up++)
            for (int down = 0; down < COUNTS; down++) {
                long stated = at(before, name)[up];
                long further = at(after, name)[down];
                if (stated < 0 || further < 0) continue;
                least = Math.min(least, (request.toNanos() - stated - further) / (up + down + 1));
            }
        Duration share = Duration.ofMillis(Duration.ofNanos(least).toMillis()); // whole ones, rounded down
        return share.compareTo(LEAST) < 0 ? LEAST : share;
    }

    private Optional<Duration> stated(String name) {
        return spec.find(name).flatMap(one -> one.timeouts().stated());
    }

    private List<String> targets(String name) {
        Interface known = interfaces.get(name);
        return known == null
                ? List.of()
                : known.calls().stream()
                        .map(Interface.Edge::target)
                        .filter(before::containsKey)
                        .toList();
    }

    private static long[] at(Map<String, long[]> ways, String name) {
        return ways.computeIfAbsent(name, unreached -> none());
    }
}

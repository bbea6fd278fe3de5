package dev.redoubt.gateway;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// All routes, by exact path. Paths are compared as they came: nothing is decoded, folded or normalized, so no
/// two spellings name one route. Immutable.
final class RouteTable {
    static final String PARAMETER = "/{id}";
    private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9._~:@-]{1,256}");

    private final List<Route> all;
    private final String description;
    private final Map<String, Route> exact = new HashMap<>();
    private final List<Parametrized> parametrized = new ArrayList<>();

    /// @param before what stands before the segment `{id}`, with its slash, and `after` what stands after it
    private record Parametrized(String before, String after, Route route) {
        Optional<Resolved> match(String path) {
            int length = path.length() - before.length() - after.length();
            if (length <= 0 || !path.startsWith(before) || !path.endsWith(after)) return Optional.empty();
            String segment = path.substring(before.length(), before.length() + length);
            return SEGMENT.matcher(segment).matches() ? Optional.of(new Resolved(route, segment)) : Optional.empty();
        }
    }

    /// @param parameter what stands for `{id}`; empty where the route has none
    record Resolved(Route route, String parameter) {}

    /// @param description the path where they are described, itself one of them
    /// @throws IllegalArgumentException if a route has no policy, is open and no probe, or is there twice
    RouteTable(List<Route> routes, String description) {
        all = List.copyOf(routes);
        this.description = description;
        Set<String> paths = new HashSet<>();
        for (Route route : all) {
            checkPolicy(route);
            String path = route.path();
            if (!paths.add(path)) throw new IllegalArgumentException("two routes have the path " + path);
            int parameter = path.indexOf(PARAMETER);
            if (parameter < 0) exact.put(path, route);
            else
                parametrized.add(new Parametrized(
                        path.substring(0, parameter + 1), path.substring(parameter + PARAMETER.length()), route));
        }
    }

    /// What nothing stands in front of must not start (R4.4), and what anybody may ask must say nothing (V5.3).
    private static void checkPolicy(Route route) {
        if (route.access() == null)
            throw new IllegalArgumentException("route " + route.path() + " has no policy: say who may use it");
        if (route.access() instanceof Access.Open && !(route.handling() instanceof Route.Handling.Probe))
            throw new IllegalArgumentException("route " + route.path() + " is open and no probe: name a scope");
    }

    Optional<Resolved> find(String path) {
        Route route = exact.get(path);
        if (route != null) return Optional.of(new Resolved(route, ""));
        for (Parametrized one : parametrized) {
            Optional<Resolved> resolved = one.match(path);
            if (resolved.isPresent()) return resolved;
        }
        return Optional.empty();
    }

    List<Route> all() {
        return all;
    }

    String description() {
        return description;
    }
}

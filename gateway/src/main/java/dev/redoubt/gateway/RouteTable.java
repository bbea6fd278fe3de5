package dev.redoubt.gateway;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// All routes, by exact path. Paths are compared as they came: nothing is decoded, folded or normalized, so no
/// two spellings name one route. Immutable.
final class RouteTable {
    private static final String PARAMETER = "/{id}";
    private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9._~:@-]{1,256}");

    private final Map<String, Route> exact = new LinkedHashMap<>();
    private final Map<String, Route> byParent = new LinkedHashMap<>();

    /// @param parameter what stands for `{id}`; empty where the route has none
    record Resolved(Route route, String parameter) {}

    /// @throws IllegalArgumentException if a route has no policy, is open and no probe, or is there twice
    RouteTable(List<Route> routes) {
        for (Route route : routes) {
            checkPolicy(route);
            boolean parameter = route.path().endsWith(PARAMETER);
            String key =
                    parameter ? route.path().substring(0, route.path().length() - PARAMETER.length()) : route.path();
            Route before = (parameter ? byParent : exact).putIfAbsent(key, route);
            if (before != null) throw new IllegalArgumentException("two routes have the path " + route.path());
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
        int slash = path.lastIndexOf('/');
        Route parent = slash < 0 ? null : byParent.get(path.substring(0, slash));
        if (parent == null) return Optional.empty();
        String segment = path.substring(slash + 1);
        return SEGMENT.matcher(segment).matches() ? Optional.of(new Resolved(parent, segment)) : Optional.empty();
    }

    List<Route> all() {
        return java.util.stream.Stream.of(exact.values(), byParent.values())
                .flatMap(Collection::stream)
                .toList();
    }
}

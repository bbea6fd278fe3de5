package dev.redoubt.serve.replica;

import dev.redoubt.base.Check;
import dev.redoubt.serve.Route;
import dev.redoubt.serve.schema.Schema;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A method and a path below `/{application}` that an ingress answers. Nothing of a path is decoded, folded or
/// normalized to be compared.
///
/// @param segments at most [#SEGMENTS_MAX]; none is `/{application}` itself
public record RoutePattern(Route.Method method, List<Segment> segments) implements Comparable<RoutePattern> {
    /// Of one ingress.
    public static final int ROUTES_MAX = 32;

    private static final int SEGMENTS_MAX = 8;
    private static final Pattern LITERAL = Pattern.compile("(?!\\.\\.?$)[A-Za-z0-9._~-]{1,64}");
    private static final Pattern PARAMETER = Pattern.compile("\\{([A-Za-z_][A-Za-z0-9_]{0,63})}");

    /// What stands between two slashes.
    public sealed interface Segment {
        /// Exactly this.
        record Literal(String text) implements Segment {
            @Override
            public String toString() {
                return text;
            }
        }

        /// Anything that is not empty; the component of the input that it becomes.
        record Parameter(String name) implements Segment {
            @Override
            public String toString() {
                return "{" + name + "}";
            }
        }
    }

    public RoutePattern {
        segments = List.copyOf(segments);
    }

    /// @param path as [Route#path]; `/` is the application itself
    /// @throws IllegalArgumentException naming the path and what it may be
    public static RoutePattern of(Route.Method method, String path) {
        String shape = "a route's path is of 0 to " + SEGMENTS_MAX + " segments, each {name} or 1 to 64 of A-Z a-z 0-9"
                + " . _ ~ -: '%s'";
        Check.that(path.startsWith("/"), shape, path);
        List<Segment> segments = new ArrayList<>();
        if (path.length() > 1)
            for (String one : path.substring(1).split("/", -1)) {
                var parameter = PARAMETER.matcher(one);
                if (parameter.matches()) segments.add(new Segment.Parameter(parameter.group(1)));
                else {
                    Check.that(LITERAL.matcher(one).matches(), shape, path);
                    segments.add(new Segment.Literal(one));
                }
            }
        Check.that(segments.size() <= SEGMENTS_MAX, shape, path);
        return new RoutePattern(method, segments);
    }

    /// As [#of] takes it.
    public String path() {
        return "/" + segments.stream().map(Object::toString).collect(Collectors.joining("/"));
    }

    /// @param path its segments, as they came
    /// @return what stands for each parameter, as it came; empty if the path is another
    public Optional<Map<String, String>> match(List<String> path) {
        if (path.size() != segments.size()) return Optional.empty();
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < path.size(); i++) {
            String came = path.get(i);
            switch (segments.get(i)) {
                case Segment.Literal(String text) -> {
                    if (!text.equals(came)) return Optional.empty();
                }
                case Segment.Parameter(String name) -> {
                    if (came.isEmpty()) return Optional.empty();
                    values.put(name, came);
                }
            }
        }
        return Optional.of(values);
    }

    /// From left to right, a word before a parameter: of two that match one path the first one is meant.
    @Override
    public int compareTo(RoutePattern other) {
        for (int i = 0; i < Math.min(segments.size(), other.segments.size()); i++) {
            int order = sortKey(segments.get(i)).compareTo(sortKey(other.segments.get(i)));
            if (order != 0) return order;
        }
        int length = Integer.compare(segments.size(), other.segments.size());
        return length != 0 ? length : method.compareTo(other.method);
    }

    private static String sortKey(Segment segment) {
        return switch (segment) {
            case Segment.Literal(String text) -> text;
            case Segment.Parameter parameter -> "\uffff"; // after every word, and all alike
        };
    }

    @Override
    public String toString() {
        return method + " " + path();
    }

    /// Whether an ingress can have these.
    ///
    /// @return in the order in which they are looked through
    /// @throws IllegalArgumentException naming the route, what is wrong with it, and the way out
    static List<RoutePattern> checked(List<RoutePattern> routes, Schema input) {
        Check.that(routes.size() <= ROUTES_MAX, "%s routes, limit is %s: leave some out", routes.size(), ROUTES_MAX);
        List<RoutePattern> sorted = routes.stream().sorted().toList();
        for (int i = 0; i < sorted.size(); i++) {
            RoutePattern route = sorted.get(i);
            if (i > 0)
                Check.that(
                        route.compareTo(sorted.get(i - 1)) != 0,
                        "the routes %s and %s are the same: leave one out",
                        sorted.get(i - 1),
                        route);
            route.check(input);
        }
        return sorted;
    }

    private void check(Schema input) {
        Check.that(
                !(method == Route.Method.POST && segments.isEmpty()), "POST / is there without a route: leave it out");
        Check.that(
                !path().equals("/openapi.json"),
                "the path /openapi.json describes the application: take another for %s",
                this);
        Check.that(
                input instanceof Schema.Fields,
                "the route %s needs an input that is a record, to put its parts into",
                this);
        List<Schema.Field> fields = ((Schema.Fields) input).fields();
        Set<String> seen = new HashSet<>();
        for (Segment segment : segments) {
            if (!(segment instanceof Segment.Parameter(String name))) continue;
            Check.that(seen.add(name), "the route %s has {%s} twice: call one of them otherwise", this, name);
            Optional<Schema.Field> field =
                    fields.stream().filter(one -> one.name().equals(name)).findAny();
            Check.that(
                    field.isPresent(),
                    "the route %s has {%s}, the input has %s: name one of these",
                    this,
                    name,
                    fields.stream().map(Schema.Field::name).toList());
            Check.that(
                    isScalar(field.get().schema()),
                    "the route %s has {%s}, which is no single text, number or truth: send it in a body",
                    this,
                    name);
        }
    }

    /// Whether one word of a path or a query can say it.
    public static boolean isScalar(Schema schema) {
        return switch (schema) {
            case Schema.Text text -> true;
            case Schema.Whole whole -> true;
            case Schema.Real real -> true;
            case Schema.Bool bool -> true;
            case Schema.Choice choice -> true;
            case Schema.Binary binary -> false;
            case Schema.Many many -> false;
            case Schema.Table table -> false;
            case Schema.Box box -> false;
            case Schema.Fields inner -> false;
        };
    }
}

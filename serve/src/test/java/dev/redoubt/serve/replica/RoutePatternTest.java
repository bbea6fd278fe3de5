package dev.redoubt.serve.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.redoubt.serve.Route.Method;
import dev.redoubt.serve.schema.Schema;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RoutePatternTest {
    private static final Schema INPUT = new Schema.Fields(List.of(
            new Schema.Field("id", new Schema.Text(), true),
            new Schema.Field("count", new Schema.Whole(0, 9), false),
            new Schema.Field("words", new Schema.Many(new Schema.Text()), false)));

    private static RoutePattern get(String path) {
        return RoutePattern.of(Method.GET, path);
    }

    private static Interface face(RoutePattern... routes) {
        return new Interface(INPUT, new Schema.Text(), false, List.of(), List.of(routes));
    }

    private static List<String> path(String text) {
        return Arrays.asList(text.split("/", -1));
    }

    @Test
    void aPathMatchesSegmentBySegment() {
        RoutePattern route = get("/items/{id}/parts/{count}");
        assertThat(route.match(path("items/a/parts/7"))).hasValue(Map.of("id", "a", "count", "7"));
        assertThat(route.match(path("items/a%2Fb/parts/x"))).hasValue(Map.of("id", "a%2Fb", "count", "x"));
        for (String other : List.of("items/a/parts", "items/a/parts/7/", "items//parts/7", "Items/a/parts/7", "", "a"))
            assertThat(route.match(path(other))).as(other).isEmpty();
        assertThat(get("/").match(List.of())).hasValue(Map.of());
    }

    @Test
    void aWordIsMeantBeforeAParameter() {
        Interface face = face(get("/{id}/{count}"), get("/{id}"), get("/items/{count}"), get("/items"), get("/a"));
        assertThat(face.routes())
                .extracting(RoutePattern::path)
                .containsExactly("/a", "/items", "/items/{count}", "/{id}", "/{id}/{count}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "items",
                "",
                "//",
                "/a/",
                "/a//b",
                "/{}",
                "/{1a}",
                "/{id",
                "/a{id}",
                "/a b",
                "/%20",
                "/a?b",
                "/a#b",
                "/*",
                "/{id:int}",
                "/a/b/c/d/e/f/g/h/i",
                "/ä"
            })
    void whatIsNoPathIsRefused(String path) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> get(path))
                .withMessageContaining("a route's path is of")
                .withMessageContaining("'" + path + "'");
    }

    @Test
    void aRouteMustGoWithTheInput() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> face(get("/{name}")))
                .withMessage("the route GET /{name} has {name}, the input has [id, count, words]: name one of these");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> face(get("/{words}")))
                .withMessageContaining("no single text, number or truth");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> face(get("/{id}/{id}")))
                .withMessageContaining("twice");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> face(get("/{id}"), get("/{count}")))
                .withMessageContaining("are the same: leave one out");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> face(RoutePattern.of(Method.POST, "/")))
                .withMessageContaining("there without a route");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> face(get("/openapi.json")))
                .withMessageContaining("describes the application");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new Interface(new Schema.Text(), new Schema.Text(), false, List.of(), List.of(get("/a"))))
                .withMessageContaining("needs an input that is a record");
        assertThat(face(get("/{id}"), RoutePattern.of(Method.PUT, "/{id}")).routes())
                .hasSize(2);
    }
}

package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.Scope;
import dev.redoubt.serve.control.Platform;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// The routes that an ingress declares below `/{application}`, and the description of it.
@SuppressWarnings("NullAway.Init")
final class DeclaredRoutesTest {
    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;

    @BeforeAll
    static void start() throws InterruptedException {
        platform = TestApplications.platform(home);
        TestApplications.deploy(
                platform,
                TestApplications.application("test", "Shelf"),
                TestApplications.application("counting", "Counter"));
        edge = TestEdge.at(home).platform(platform).start();
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    private static HttpResponse<String> send(String method, String path, String body) {
        HttpRequest.BodyPublisher publisher =
                body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return edge.send(edge.request(path)
                .header("Content-Type", "application/json")
                .method(method, publisher)
                .build());
    }

    private static JsonNode error(HttpResponse<String> reply) {
        return TestEdge.json(reply.body()).path("error");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /test/shelves/top | top
            /test/shelves/top/7 | top item 7
            /test/shelves/top/-7 | top item -7
            /test/shelves/all | all
            /test/shelves/top/all | top
            /test/shelves/a%20b%2Fc%C3%A4 | a b/cä
            /test/shelves/.. | ..
            /test/shelves/a+b | a+b
            /test/shelves/top?full=true&share=0.5&order=FALLING | top full true share 0.5 order FALLING
            /test/shelves/top?tags=a&tags=b%26c+d | top tags [a, b&c d]
            /test/shelves/top?item=3 | top item 3
            /test/shelves/top? | top
            """)
    void whatPathAndQuerySayBecomesTheInput(String path, String told) {
        HttpResponse<String> reply = send("GET", path, "");
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
        assertThat(TestEdge.json(reply.body()).path("text").asString()).isEqualTo(told);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /test/shelves/top/seven | wrong_type | item
            /test/shelves/top/7.0 | wrong_type | item
            /test/shelves/top/07 | wrong_type | item
            /test/shelves/top/99999999999 | out_of_range | item
            /test/shelves/top/999999999999999999999999 | out_of_range | item
            /test/shelves/%C3 | wrong_type | shelf
            /test/shelves/top?full=yes | wrong_type | full
            /test/shelves/top?full | wrong_type | full
            /test/shelves/top?share=NaN | wrong_type | share
            /test/shelves/top?share=1e999 | not_finite | share
            /test/shelves/top?order=SIDEWAYS | wrong_type | order
            /test/shelves/top?more=1 | unknown_field | more
            /test/shelves/top?item=1&item=2 | duplicate_field | item
            /test/shelves/top?shelf=other | duplicate_field | shelf
            /test/shelves/top?note=x | unsupported_field | note
            """)
    void R3_4_whatIsOfTheWrongTypeIsRefusedByName(String path, String code, String field) {
        HttpResponse<String> reply = send("GET", path, "");
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(400);
        assertThat(error(reply).path("code").asString()).as(reply.body()).isEqualTo(code);
        assertThat(error(reply).path("param").asString()).isEqualTo(field);
    }

    @Test
    void R3_4_anEscapeThatIsNoneIsRefused() throws IOException {
        for (String bad : new String[] {"/shelves/%zz", "/shelves/%4", "/shelves/%", "/shelves/a?tags=%-1"})
            try (RawClient client = new RawClient(edge)) {
                client.send("GET /test" + bad + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + edge.key
                        + "\r\n\r\n");
                RawClient.Reply reply = client.reply();
                assertThat(reply.status()).as(bad).isEqualTo(400);
                assertThat(reply.body()).contains("percent-encoded UTF-8");
            }
    }

    @Test
    void aBodyIsTheRestOfTheInput() {
        String path = "/test/shelves/top/7";
        HttpResponse<String> reply = send("PUT", path, "{\"note\":{\"text\":\"new\",\"caller\":\"me\"}}");
        assertThat(TestEdge.json(reply.body()).path("text").asString())
                .as(reply.body())
                .isEqualTo("top item 7 note new");
        assertThat(send("DELETE", path, "").body()).contains("top item 7");
        assertThat(send("DELETE", path, "{\"nonsense\":true}").statusCode()).isEqualTo(400);
        assertThat(send("GET", path, "}{").body()).contains("unknown field 'body': remove it");
        HttpResponse<String> twice = send("PUT", path, "{\"item\":8}");
        assertThat(error(twice).path("code").asString()).isEqualTo("duplicate_field");
        assertThat(send("PUT", path + "?full=true", "{}").statusCode())
                .as("what has a body has no query")
                .isEqualTo(400);
        assertThat(send("PUT", path, "[]").statusCode()).isEqualTo(400);
        assertThat(send("PUT", "/test/shelves/top/x", "{}").statusCode()).isEqualTo(400);
    }

    @Test
    void anotherPathIsNoneAndAnotherMethodIsTold() {
        for (String path : new String[] {
            "/test/shelves", "/test/shelves/", "/test/shelves/a/1/b", "/test//shelves/a", "/test/Shelves/a", "/testing"
        }) assertThat(send("GET", path, "").statusCode()).as(path).isEqualTo(404);
        HttpResponse<String> other = send("POST", "/test/shelves/top/7", "{}");
        assertThat(other.statusCode()).isEqualTo(405);
        assertThat(other.headers().firstValue("Allow")).hasValue("DELETE, GET, PUT");
        HttpResponse<String> itself = send("GET", "/test", "");
        assertThat(itself.statusCode()).isEqualTo(405);
        assertThat(itself.headers().firstValue("Allow")).hasValue("POST");
        assertThat(send("POST", "/test", "{\"shelf\":\"low\"}").body()).contains("low");
    }

    @Test
    void R4_3_theRoutesOfAForeignApplicationLookLikeNone() {
        String stranger = edge.keys.create("elsewhere", Set.of(Scope.INFERENCE)).secret();
        String[] bodies = new String[4];
        String[] paths = {"/test/shelves/a", "/test/openapi.json", "/nobody/openapi.json", "/elsewhere/openapi.json"};
        for (int i = 0; i < paths.length; i++) {
            HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(edge.uri(paths[i]))
                    .header("Authorization", "Bearer " + stranger)
                    .build());
            assertThat(reply.statusCode()).as(paths[i]).isEqualTo(404);
            bodies[i] = reply.body();
        }
        assertThat(bodies).containsOnly(bodies[0]);
        assertThat(edge.send(HttpRequest.newBuilder(edge.uri("/test/openapi.json"))
                                .build())
                        .statusCode())
                .isEqualTo(401);
    }

    @Test
    void anApplicationDescribesItself() {
        HttpResponse<String> reply = edge.get("/test/openapi.json");
        assertThat(reply.statusCode()).isEqualTo(200);
        JsonNode root = TestEdge.json(reply.body());
        assertThat(root.path("openapi").asString()).isEqualTo("3.1.0");
        JsonNode input = root.at("/components/schemas/Input");
        assertThat(input.path("additionalProperties").asBoolean(true)).isFalse();
        assertThat(input.path("required").toString()).isEqualTo("[\"shelf\"]");
        assertThat(input.at("/properties/item/anyOf/0/maximum").asLong()).isEqualTo(Integer.MAX_VALUE);
        assertThat(input.at("/properties/order/anyOf/0/enum").toString()).isEqualTo("[\"RISING\",\"FALLING\"]");
        assertThat(input.at("/properties/tags/anyOf/0/maxItems").asInt()).isEqualTo(100_000);
        JsonNode get = root.path("paths").path("/test/shelves/{shelf}/{item}").path("get");
        assertThat(get.at("/parameters/0/in").asString()).isEqualTo("path");
        assertThat(get.at("/parameters/1/schema/type").asString()).isEqualTo("integer");
        assertThat(get.at("/parameters/2/in").asString()).isEqualTo("query");
        JsonNode put = root.path("paths").path("/test/shelves/{shelf}/{item}").path("put");
        JsonNode body =
                put.path("requestBody").path("content").path("application/json").path("schema");
        assertThat(body.path("properties").has("note")).isTrue();
        assertThat(body.path("properties").has("item")).isFalse();
        assertThat(root.at("/components/schemas/Error/properties/error/properties/code/enum")
                        .toString())
                .contains("wrong_type");
        assertThat(edge.post("/test/openapi.json", "{}").statusCode()).isEqualTo(405);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            text/event-stream | text/event-stream; charset=utf-8
            */* | text/event-stream; charset=utf-8
            application/x-ndjson; charset=utf-8 | application/x-ndjson
            application/x-ndjson, */*;q=0.5 | application/x-ndjson
            application/x-ndjson;q=0.5, text/event-stream | text/event-stream; charset=utf-8
            application/json | text/event-stream; charset=utf-8
            """)
    void aStreamComesInWhatItsCallerWouldRatherHave(String accept, String type) {
        String key = edge.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
        HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(edge.uri("/counting"))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .header("Accept", accept)
                .POST(HttpRequest.BodyPublishers.ofString("{\"count\":1}"))
                .build());
        assertThat(reply.headers().firstValue("Content-Type")).hasValue(type);
    }

    @Test
    void aStreamComesAsLinesToo() {
        String key = edge.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
        HttpRequest.Builder request = HttpRequest.newBuilder(edge.uri("/counting"))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .header("Accept", "application/x-ndjson");
        HttpResponse<String> reply = edge.send(request.POST(HttpRequest.BodyPublishers.ofString("{\"count\":3}"))
                .build());
        assertThat(reply.headers().firstValue("Content-Type")).hasValue("application/x-ndjson");
        assertThat(reply.body()).isEqualTo("{\"number\":1}\n{\"number\":2}\n{\"number\":3}\n");
        HttpResponse<String> many = edge.send(request.POST(HttpRequest.BodyPublishers.ofString("{\"count\":20000}"))
                .build());
        assertThat(many.body().lines()).hasSize(20_000);
        HttpResponse<String> refused = edge.send(request.POST(HttpRequest.BodyPublishers.ofString("{\"count\":\"3\"}"))
                .build());
        assertThat(refused.statusCode()).isEqualTo(400);
        JsonNode described = TestEdge.json(edge.send(HttpRequest.newBuilder(edge.uri("/counting/openapi.json"))
                        .header("Authorization", "Bearer " + key)
                        .build())
                .body());
        assertThat(described.at("/paths/~1counting/post/responses/200/content").propertyNames())
                .contains("text/event-stream", "application/x-ndjson");
    }
}

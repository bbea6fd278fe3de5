package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// JSONTestSuite as request bodies.
final class JsonTestSuiteTest {
    /// A number of 81 characters; 64 are taken.
    private static final Set<String> BEYOND_A_BOUND = Set.of("y_number_double_close_to_zero.json");

    @TempDir
    Path home;

    @Test
    void R3_4_whatIsNoJsonIs400AndNothingIs500() throws IOException {
        Path suite = Shared.testdata("json/JSONTestSuite/test_parsing");
        int refused = 0;
        int read = 0;
        try (TestEdge edge = TestEdge.at(home).start()) {
            for (Path file : files(suite)) {
                String name = String.valueOf(file.getFileName());
                byte[] text = Files.readAllBytes(file);
                for (String route : List.of("/generate", "/v1/chat/completions", "/tokenize")) {
                    var reply = send(edge, route, text);
                    assertThat(reply)
                            .as("%s %s", name, route)
                            .isEqualTo(400); // none is a request, even where it is JSON
                }
                if (name.startsWith("n_")) {
                    assertThat(code(edge, text)).as(name).isEqualTo("invalid_json");
                    refused++;
                } else if (name.startsWith("y_") && !BEYOND_A_BOUND.contains(name)) {
                    boolean twice = name.contains("duplicated_key"); // RFC 8259 lets it be; RULES R3.4 does not
                    assertThat(code(edge, text))
                            .as(name)
                            .isEqualTo(twice ? "duplicate_field" : other(edge, text, name));
                    read++;
                }
            }
            assertThat(edge.model.requests).isEmpty();
        }
        assertThat(refused).isEqualTo(188);
        assertThat(read).isGreaterThan(90);
    }

    @Test
    void R3_2_stringsAreReadAsTheyAreMeant() throws IOException {
        Path suite = Shared.testdata("json/JSONTestSuite/test_parsing");
        int read = 0;
        try (TestEdge edge = TestEdge.at(home).start()) {
            for (Path file : files(suite)) {
                String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
                if (!String.valueOf(file.getFileName()).startsWith("y_string") || !text.startsWith("[\"")) continue;
                String literal = text.substring(1, text.length() - 1).strip();
                String meant = unescaped(literal.substring(1, literal.length() - 1));
                var reply = edge.post("/tokenize", "{\"prompt\":" + literal + "}");
                assertThat(reply.statusCode())
                        .as("%s %s", file.getFileName(), reply.body())
                        .isEqualTo(200);
                byte[] bytes = meant.getBytes(StandardCharsets.UTF_8); // the scripted model's tokens are bytes
                JsonNode tokens = TestEdge.json(reply.body()).get("tokens");
                assertThat(tokens).as("%s", file.getFileName()).hasSize(bytes.length);
                for (int i = 0; i < bytes.length; i++)
                    assertThat(tokens.get(i).intValue())
                            .as("%s", file.getFileName())
                            .isEqualTo(bytes[i] & 0xFF);
                read++;
            }
        }
        assertThat(read).isGreaterThan(30);
    }

    /// What a well-formed text that is no request is refused for: anything but its form.
    private static String other(TestEdge edge, byte[] text, String name) throws IOException {
        String code = code(edge, text);
        assertThat(code).as(name).isNotEqualTo("invalid_json");
        return code;
    }

    /// RFC 8259, section 7, once more and in the simplest way.
    private static String unescaped(String literal) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < literal.length(); i++) {
            char c = literal.charAt(i);
            if (c != '\\') {
                text.append(c);
                continue;
            }
            char escape = literal.charAt(++i);
            int simple = "\"\\/bfnrt".indexOf(escape);
            if (simple >= 0) text.append("\"\\/\b\f\n\r\t".charAt(simple));
            else {
                text.append((char) Integer.parseInt(literal.substring(i + 1, i + 5), 16));
                i += 4;
            }
        }
        return text.toString();
    }

    private static String code(TestEdge edge, byte[] body) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            return TestEdge.json(client.sendPlain("/generate", body).reply().body())
                    .at("/error/code")
                    .stringValue();
        }
    }

    private static int send(TestEdge edge, String route, byte[] body) {
        return edge.send(HttpRequest.newBuilder(edge.uri(route))
                        .header("Authorization", "Bearer " + edge.key)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build())
                .statusCode();
    }

    private static List<Path> files(Path suite) throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.list(suite)) {
            all.sorted().forEach(files::add);
        }
        return files;
    }
}

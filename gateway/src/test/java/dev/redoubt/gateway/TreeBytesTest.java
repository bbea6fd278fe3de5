package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import tools.jackson.databind.JsonNode;

/// Against the heap itself. Alone, so that nobody else uses it meanwhile.
@Isolated
final class TreeBytesTest {
    private static final StrictJson JSON = new StrictJson(JsonLimits.REQUEST);
    private static final int COPIES = 4;

    private static String list(String item, int count) {
        return IntStream.range(0, count).mapToObj(i -> item).collect(Collectors.joining(",", "[", "]"));
    }

    private static String named(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "\"name%d\":%d".formatted(i, i + 1000))
                .collect(Collectors.joining(",", "{", "}"));
    }

    @Test
    void R1_4_noTreeTakesMoreThanIsCounted() throws JsonRefusal {
        String[] worst = {
            list("\"a\"", 50_000),
            list("\"漢\"", 50_000),
            list("0.5", 50_000),
            list("1000", 50_000),
            list("9".repeat(64), 20_000),
            list("[]", 25_000),
            list("[1]", 16_000),
            list("[[[[[[[[[]]]]]]]]]", 3_000),
            list("{}", 25_000),
            list("{\"a\":\"b\"}", 12_000),
            list("{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{}}}}}}}}}", 2_000),
            named(25_000),
            list("\"" + "a".repeat(200_000) + "\"", 10),
            list("\"" + "a".repeat(200_000) + "漢\"", 10),
        };
        for (String text : worst) check(text);
    }

    private static void check(String text) throws JsonRefusal {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        JsonNode[] trees = new JsonNode[COPIES];
        long before = used();
        try {
            for (int i = 0; i < COPIES; i++) trees[i] = JSON.parse(body);
            long taken = (used() - before) / COPIES;
            long counted = TreeBytes.of(trees[0]);
            long rest = counted / 16 + (100 << 10); // of the collector's regions
            assertThat(taken)
                    .as("%s, %d bytes", text.substring(0, 20), body.length)
                    .isBetween(counted / 2, counted + rest);
        } finally {
            Reference.reachabilityFence(trees);
        }
    }

    private static long used() {
        Runtime runtime = Runtime.getRuntime();
        for (int i = 0; i < 2; i++) System.gc();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}

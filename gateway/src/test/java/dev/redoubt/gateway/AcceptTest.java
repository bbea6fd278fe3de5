package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AcceptTest {
    private static String choice(String... headers) {
        MultiMap all = MultiMap.caseInsensitiveMultiMap();
        for (String header : headers) all.add("Accept", header);
        return Accept.choice(
                all,
                type -> List.of("a/b", "c/d", "c/*").contains(type) ? Optional.of(type) : Optional.empty(),
                "usual");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a/b | a/b
            ' A/B; version=1' | a/b
            c/d, a/b | c/d
            c/d;q=0.5, a/b | a/b
            a/b;q=0.9, c/d;q=0.91;x=y | c/d
            x/y, c/* | c/*
            x/y, a/b;q=0.1 | a/b
            */*, a/b | usual
            a/b, */*;q=0.8 | a/b
            a/b;q=0 | usual
            a/b;q=0.000, c/d;q=0.001 | c/d
            x/y | usual
            */* | usual
            ',;q=,/' | usual
            """)
    void whatIsWeighedHighestCounts(String header, String choice) {
        assertThat(choice(header)).isEqualTo(choice);
    }

    @Test
    void severalHeadersAreOneList() {
        assertThat(choice()).isEqualTo("usual");
        assertThat(choice("a/b;q=0.5", "c/d")).isEqualTo("c/d");
    }
}

package dev.redoubt.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A page of `docs/` that is made from code. A test compares it; `-Dredoubt.docs=write` writes it anew.
public final class GeneratedDoc {
    private GeneratedDoc() {}

    /// Fails if the page differs from `content`, and says how to make it anew.
    public static void assertCurrent(String page, String content) throws IOException {
        Path file = docs().resolve(page);
        if ("write".equals(System.getProperty("redoubt.docs"))) Files.writeString(file, content);
        assertThat(Files.exists(file) ? Files.readString(file) : "")
                .as("docs/%s is out of date: ./redoubt dev docs", page)
                .isEqualTo(content);
    }

    private static Path docs() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent())
            if (Files.isRegularFile(at.resolve("ARCHITECTURE.md"))) return at.resolve("docs");
        throw new IllegalStateException("no checkout around " + Path.of("").toAbsolutePath());
    }
}

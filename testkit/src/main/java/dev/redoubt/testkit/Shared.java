package dev.redoubt.testkit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The golden data beside a checkout, `../shared/testdata`. A checkout without it still passes: such tests are
/// skipped, with one line that says so.
public final class Shared {
    private Shared() {}

    /// The path of `relative` below `shared/testdata`; skips the calling test where there is none.
    public static Path testdata(String relative) {
        Path found = find();
        assumeTrue(found != null, "skipped: no shared/testdata beside this checkout");
        return java.util.Objects.requireNonNull(found).resolve(relative);
    }

    private static @Nullable Path find() {
        String given = System.getenv("REDOUBT_SHARED");
        if (given != null) return Path.of(given, "testdata");
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path candidate = at.resolve("shared").resolve("testdata");
            if (Files.isDirectory(candidate)) return candidate;
        }
        return null;
    }
}

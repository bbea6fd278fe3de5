package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/// What an entry of the store may be called.
final class ModelName {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

    private ModelName() {}

    static boolean isValid(String name) {
        return NAME.matcher(name).matches() && !name.equals(AllowList.FILE_NAME);
    }

    /// @throws ArtifactException unless `name` can name an entry
    static void check(String name) {
        if (!isValid(name))
            throw Refusals.files(
                    "model name '%s', allowed are 1 to 64 lower-case letters, digits and . _ -, not a dot first",
                    StrangerText.shown(name));
    }

    /// A name for files that are in no store.
    static String of(Path real) {
        String file = String.valueOf(real.getFileName()).toLowerCase(Locale.ROOT);
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        String name = stem.replaceAll("[^a-z0-9._-]+", "-").replaceAll("^[^a-z0-9]+", "");
        return name.isEmpty() ? "model" : name.substring(0, Math.min(name.length(), 64));
    }
}

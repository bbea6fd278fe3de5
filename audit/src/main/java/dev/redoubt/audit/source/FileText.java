package dev.redoubt.audit.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// Reads a file's text under a bound. A file that grows while it is read is read to the bound; bytes that are no
/// UTF-8 become U+FFFD.
public final class FileText {
    /// More is no source that a person wrote, and its tree would be a hundred times as large.
    public static final int BYTES_MAX = 1 << 20;

    private static final int LOOKED_AT = 8192;

    /// Either the text or why there is none.
    public sealed interface Outcome {
        record Read(SourceText source) implements Outcome {}

        /// By choice.
        record Skipped(String reason) implements Outcome {}

        record Failed(String reason) implements Outcome {}
    }

    private FileText() {}

    public static Outcome read(Path file, String shown) {
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file))
                return new Outcome.Skipped("no plain file any more");
            if (Files.size(file) > BYTES_MAX) return tooLarge();
            byte[] bytes;
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(BYTES_MAX + 1);
            }
            if (bytes.length > BYTES_MAX) return tooLarge();
            for (int i = 0; i < Math.min(bytes.length, LOOKED_AT); i++)
                if (bytes[i] == 0) return new Outcome.Skipped("binary");
            return new Outcome.Read(new SourceText(shown, new String(bytes, StandardCharsets.UTF_8)));
        } catch (IOException e) {
            return new Outcome.Failed("cannot be read");
        }
    }

    private static Outcome tooLarge() {
        return new Outcome.Skipped("larger than " + (BYTES_MAX >> 20) + " MiB");
    }
}

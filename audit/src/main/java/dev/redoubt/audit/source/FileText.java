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

    /// A notebook carries its outputs, and a lock file the digests of all packages: both are larger than what a person
    /// wrote into them.
    public static final int MACHINE_WRITTEN_BYTES_MAX = 8 << 20;

    public static Outcome read(Path file, String shown) {
        return read(file, shown, BYTES_MAX);
    }

    /// @param bytesMax a file that has more is skipped
    public static Outcome read(Path file, String shown, int bytesMax) {
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file))
                return new Outcome.Skipped("no plain file any more");
            if (Files.size(file) > bytesMax) return tooLarge(bytesMax);
            byte[] bytes;
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(bytesMax + 1);
            }
            if (bytes.length > bytesMax) return tooLarge(bytesMax);
            for (int i = 0; i < Math.min(bytes.length, LOOKED_AT); i++)
                if (bytes[i] == 0) return new Outcome.Skipped("binary");
            return new Outcome.Read(new SourceText(shown, new String(bytes, StandardCharsets.UTF_8)));
        } catch (IOException e) {
            return new Outcome.Failed("cannot be read");
        }
    }

    private static Outcome tooLarge(int bytesMax) {
        return new Outcome.Skipped("larger than " + (bytesMax >> 20) + " MiB");
    }
}

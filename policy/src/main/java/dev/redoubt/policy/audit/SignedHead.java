package dev.redoubt.policy.audit;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.PublicKey;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;

/// The newest signature of a log, in the file `head`: up to this place it is what was written. Since each record
/// holds the hash of the one before, one signature stands for all records up to there.
record SignedHead(Position at, Instant time, byte[] signature) {
    /* The file is the text that is signed, a value a line, and then the signature. No JSON: a command that writes one record would
     * spend more time on its parser than on all else. */
    static final String FILE = "head";

    private static final String TITLE = "redoubt audit head, version 1";
    private static final int BYTES_MAX = 1024;

    static SignedHead sign(Position at, Instant time, AuditKey key) {
        return new SignedHead(at, time, key.sign(ascii(message(at, time))));
    }

    boolean verifies(PublicKey key) {
        return AuditKey.verifies(key, ascii(message(at, time)), signature);
    }

    private static String message(Position at, Instant time) {
        return TITLE + "\n" + at.segment() + "\n" + at.offset() + "\n" + at.sequence() + "\n" + at.hash() + "\n" + time
                + "\n";
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// Makes it the newest one, durably.
    void write(Path folder) throws IOException {
        String text = message(at, time) + Base64.getEncoder().encodeToString(signature) + "\n";
        DurableFiles.replace(folder.resolve(FILE), ascii(text));
    }

    /// The newest one, not verified; empty if there is none.
    ///
    /// @throws AuditException if the file is not what was written
    static Optional<SignedHead> read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            byte[] text = Channels.newInputStream(channel).readNBytes(BYTES_MAX);
            String[] lines = new String(text, StandardCharsets.US_ASCII).split("\n", -1);
            if (lines.length != 8 || !lines[0].equals(TITLE)) throw changed(file);
            return Optional.of(new SignedHead(
                    new Position(
                            Long.parseLong(lines[1]), Long.parseLong(lines[2]), Long.parseLong(lines[3]), lines[4]),
                    Instant.parse(lines[5]),
                    Base64.getDecoder().decode(lines[6])));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (DateTimeException | IllegalArgumentException e) {
            throw changed(file);
        }
    }

    private static AuditException changed(Path file) {
        return AuditException.damaged(
                "the audit log's head " + file + " is not what was written: redoubt audit-log verify");
    }
}

package dev.redoubt.policy.audit;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// The newest signature of a log, in the file `head`: up to this place it is what was written. Since each
/// record holds the hash of the one before, one signature stands for all records up to there.
record SignedHead(Position at, Instant time, byte[] signature) {
    static final String FILE = "head";

    private static final StrictJson JSON = new StrictJson(new JsonLimits(4096, 1, 32, 512, 32, 20));

    static SignedHead sign(Position at, Instant time, AuditKey key) {
        return new SignedHead(at, time, key.sign(message(at, time)));
    }

    boolean verifies(PublicKey key) {
        return AuditKey.verifies(key, message(at, time), signature);
    }

    private static byte[] message(Position at, Instant time) {
        return ("redoubt audit head, version 1\n" + at.segment() + "\n" + at.offset() + "\n" + at.sequence() + "\n"
                        + at.hash() + "\n" + time + "\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /// Makes it the newest one, durably.
    void write(Path folder) throws IOException {
        DurableFiles.replace(
                folder.resolve(FILE),
                JsonMapper.shared()
                        .writeValueAsBytes(JsonNodeFactory.instance
                                .objectNode()
                                .put("segment", at.segment())
                                .put("offset", at.offset())
                                .put("seq", at.sequence())
                                .put("hash", at.hash())
                                .put("time", time.toString())
                                .put("signature", Base64.getEncoder().encodeToString(signature))));
    }

    /// The newest one, not verified; empty if there is none.
    ///
    /// @throws AuditException if the file is not what was written
    static Optional<SignedHead> read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            JsonNode head = JSON.parse(Channels.newInputStream(channel).readNBytes(4096));
            return Optional.of(new SignedHead(
                    new Position(
                            head.path("segment").asLong(0),
                            head.path("offset").asLong(0),
                            head.path("seq").asLong(0),
                            head.path("hash").asString("")),
                    Instant.parse(head.path("time").asString("")),
                    Base64.getDecoder().decode(head.path("signature").asString(""))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JsonRefusal | DateTimeException | IllegalArgumentException e) {
            throw AuditException.damaged(
                    "the audit log's head " + file + " is not what was written: redoubt audit-log verify");
        }
    }
}

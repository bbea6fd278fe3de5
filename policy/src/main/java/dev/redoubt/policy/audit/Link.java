package dev.redoubt.policy.audit;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What chains a record to others.
///
/// @param sequence from 1 on, without a gap
/// @param previous hash of the record before, in hex
/// @param hash its own, in hex, as the line says
/// @param intact whether the line has that hash
record Link(long sequence, String previous, String hash, boolean intact) {
    /* A record is one line of ASCII JSON, its fields in the order of AuditRecord.FIELDS, without blanks. Its hash is that of the bytes
     * of the line before `,"hash":`, so nothing has to be parsed, or written anew in the same form, to check it. */
    static final int LINE_BYTES_MAX = 2048; // six texts of 160 characters, each of which may be escaped, and the rest
    static final String NOTHING = "0".repeat(64);

    private static final String HASH = ",\"hash\":\"";
    private static final int HASH_BYTES = HASH.length() + 64 + 2;
    private static final Pattern FRAME = Pattern.compile(
            "\\{\"seq\":([1-9][0-9]{0,17}),\"time\":.*,\"prev\":\"([0-9a-f]{64})\",\"hash\":\"([0-9a-f]{64})\"}",
            Pattern.DOTALL);

    /// Empty if the line is no record at all.
    static Optional<Link> of(byte[] line) {
        Matcher frame = FRAME.matcher(new String(line, StandardCharsets.ISO_8859_1));
        if (!frame.matches()) return Optional.empty();
        String hash = frame.group(3);
        String found = sha256(Arrays.copyOf(line, line.length - HASH_BYTES));
        return Optional.of(new Link(Long.parseLong(frame.group(1)), frame.group(2), hash, hash.equals(found)));
    }

    /// The line of a record, without its end of line.
    ///
    /// @param count how many events it stands for
    static byte[] line(long sequence, Instant time, AuditEvent event, long count, String previous) {
        StringBuilder json = new StringBuilder(512);
        json.append("{\"seq\":").append(sequence);
        text(json, "time", time.truncatedTo(ChronoUnit.MICROS).toString());
        text(json, "kind", event.kind().wire());
        text(json, "actor", event.actor());
        text(json, "application", event.application());
        text(json, "subject", event.subject());
        text(json, "rule", event.rule().map(rule -> rule.id()).orElse(""));
        text(json, "outcome", event.outcome());
        text(json, "request_id", event.requestId());
        json.append(",\"count\":").append(count);
        text(json, "prev", previous);
        String hash = sha256(json.toString().getBytes(StandardCharsets.US_ASCII));
        return json.append(HASH).append(hash).append("\"}").toString().getBytes(StandardCharsets.US_ASCII);
    }

    /// The hash of a line that [#line] made.
    static String hashOf(byte[] line) {
        return new String(line, line.length - 66, 64, StandardCharsets.US_ASCII);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static void text(StringBuilder json, String name, String value) {
        json.append(",\"").append(name).append("\":\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') json.append('\\');
            json.append(c);
        }
        json.append('"');
    }
}

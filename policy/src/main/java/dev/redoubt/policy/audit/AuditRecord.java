package dev.redoubt.policy.audit;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// One record as it is read back, for those who look at it.
///
/// @param values the texts of [#FIELDS], in their order
/// @param line as it stands in the file
public record AuditRecord(long sequence, Instant time, List<String> values, String line) {
    /// The fields of a record, in their order.
    public static final List<String> FIELDS = List.of(
            "seq",
            "time",
            "kind",
            "actor",
            "application",
            "subject",
            "rule",
            "outcome",
            "request_id",
            "count",
            "prev",
            "hash");

    private static final StrictJson JSON = new StrictJson(new JsonLimits(Link.LINE_BYTES_MAX, 1, 64, 2048, 32, 20));

    public AuditRecord {
        values = List.copyOf(values);
    }

    /// The value of one of [#FIELDS].
    public String get(String field) {
        return values.get(FIELDS.indexOf(field));
    }

    /// How many events it stands for: more than one where a flood was counted.
    public long count() {
        return Long.parseLong(get("count"));
    }

    /// Empty if it is no record.
    static Optional<AuditRecord> parse(byte[] line) {
        try {
            JsonNode node = JSON.parse(line);
            List<String> values = new ArrayList<>();
            for (String field : FIELDS) values.add(node.path(field).asString(""));
            return Optional.of(new AuditRecord(
                    node.path("seq").asLong(0),
                    Instant.parse(node.path("time").asString("")),
                    values,
                    new String(line, StandardCharsets.US_ASCII)));
        } catch (JsonRefusal | DateTimeException e) {
            return Optional.empty();
        }
    }
}

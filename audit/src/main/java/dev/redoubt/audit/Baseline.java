package dev.redoubt.audit;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A file of findings that are known: only new ones are reported beside it.
public final class Baseline {
    private static final int VERSION = 1;
    private static final JsonLimits LIMITS = new JsonLimits(64 << 20, 8, 4_000_000, 4096, 256, 32);

    private Baseline() {}

    /// @return the fingerprints in it; empty if it is no baseline
    public static Optional<Set<String>> read(Path file) throws IOException {
        try {
            JsonNode top = new StrictJson(LIMITS).parse(Files.readAllBytes(file));
            if (top.path("version").asInt(0) != VERSION || !top.path("findings").isArray()) return Optional.empty();
            Set<String> known = new HashSet<>();
            for (JsonNode finding : top.path("findings"))
                known.add(finding.path("fingerprint").asString(""));
            return Optional.of(known);
        } catch (JsonRefusal e) {
            return Optional.empty();
        }
    }

    /// One finding on each line, so that a change of the file can be reviewed.
    public static String write(List<Finding> findings) {
        JsonMapper mapper = new JsonMapper();
        ArrayNode list = mapper.createArrayNode();
        for (Finding finding : findings) {
            ObjectNode one = list.addObject();
            one.put("check", finding.check().id());
            one.put("path", finding.path());
            one.put("fingerprint", finding.fingerprint());
        }
        StringBuilder text = new StringBuilder("{\"version\": " + VERSION + ", \"findings\": [");
        for (int i = 0; i < list.size(); i++) text.append(i == 0 ? "\n" : ",\n").append(list.get(i));
        return text.append("\n]}\n").toString();
    }
}

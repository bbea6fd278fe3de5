package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.cli.evidence.Wire.Reply;
import java.io.IOException;
import java.util.Collections;
import java.util.List;

/// Requests of text one beyond each number. What is not beyond is taken as the valid request is, and not tried: an
/// audit shall cost the tenants nothing.
final class LimitProbes {
    private static final String COMPLETIONS = "/v1/completions";
    private static final String VALID = "\"prompt\":\"x\",\"max_tokens\":1";

    private final String model;
    private final Wire wire;
    private final ProbeKeys keys;
    private final RequestLimits limits;

    /// @param model as the server calls it
    LimitProbes(Target target, String model, Wire wire, ProbeKeys keys) {
        this.model = model;
        this.wire = wire;
        this.keys = keys;
        this.limits = target.edge().limits();
    }

    List<Probe> all() {
        int depth = JsonLimits.REQUEST.depthMax() + 1;
        return List.of(
                probe("a valid request", "200", () -> complete(VALID).expecting(200, ""), Requirement.R1_7),
                probe(
                        (limits.promptsMax() + 1) + " prompts in one request",
                        "400",
                        () -> complete("\"max_tokens\":1,\"prompt\":"
                                        + Collections.nCopies(limits.promptsMax() + 1, "\"x\""))
                                .expecting(400, ""),
                        Requirement.R1_4),
                refused("temperature NaN", "\"temperature\":NaN", "invalid_json", Requirement.R1_7, Requirement.V5_1),
                refused(
                        "temperature Infinity",
                        "\"temperature\":Infinity",
                        "invalid_json",
                        Requirement.R1_7,
                        Requirement.V5_1),
                refused(
                        "temperature " + limits.temperatureMax() + "001",
                        "\"temperature\":" + limits.temperatureMax() + "001",
                        "out_of_range",
                        Requirement.V5_1),
                refused("an unknown field", "\"not_a_field\":1", "unknown_field", Requirement.R3_4),
                refused("a field twice", "\"prompt\":\"y\"", "duplicate_field", Requirement.R3_4),
                refused("a number as text", "\"seed\":\"1\"", "wrong_type", Requirement.R3_4),
                refused("a template of the caller's", "\"chat_template\":\"{{ 1 }}\"", "", Requirement.R3_3),
                refused(
                        "JSON of depth " + depth,
                        "\"stop\":" + "[".repeat(depth - 1) + "]".repeat(depth - 1),
                        "invalid_json",
                        Requirement.R3_2),
                probe(
                        "a prompt of " + (limits.promptCodePointsMax() + 1) + " code points",
                        "400 prompt_too_long",
                        () -> complete("\"max_tokens\":1,\"prompt\":\""
                                        + "\ud83d\ude00".repeat(limits.promptCodePointsMax() + 1) + "\"")
                                .expecting(400, "prompt_too_long"),
                        Requirement.V1_4,
                        Requirement.V5_1),
                probe(
                        "max_tokens " + (limits.maxTokensMax() + 1),
                        "400 out_of_range",
                        () -> complete("\"prompt\":\"x\",\"max_tokens\":" + (limits.maxTokensMax() + 1))
                                .expecting(400, "out_of_range"),
                        Requirement.V3_3,
                        Requirement.V5_1));
    }

    /// As the valid request with one thing more.
    private Probe refused(String what, String field, String code, Requirement... rules) {
        return probe(
                what,
                ("400 " + code).strip(),
                () -> complete(VALID + "," + field).expecting(400, code),
                rules);
    }

    private static Probe probe(String what, String expected, Probe.Look look, Requirement... rules) {
        return new Probe(List.of(rules), "sent " + what, expected, look);
    }

    private Reply complete(String fields) throws IOException, InterruptedException {
        return wire.post(COMPLETIONS, keys.next(), "{\"model\":\"" + model + "\"," + fields + "}");
    }
}

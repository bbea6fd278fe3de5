package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.Wire.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Calls of one application, as a stranger and with bodies that no schema has. None reaches a handler, so nothing is
/// asked that an application would do something for.
final class ApplicationProbes {
    private static final String FIELD = "redoubt_probe_no_schema_has_this";

    private static final int DEPTH = JsonLimits.REQUEST.depthMax() + 1;

    private final Target target;
    private final String path;
    private final Wire wire;
    private final ProbeKeys keys;

    /// @param keys of the application
    ApplicationProbes(Target target, Wire wire, ProbeKeys keys) {
        this.target = target;
        this.path = "/" + keys.application();
        this.wire = wire;
        this.keys = keys;
    }

    List<Probe> all() {
        return List.of(
                new Probe(
                        List.of(Requirement.R2_5, Requirement.R4_3),
                        "called every route of " + path + " without a key",
                        "401: it is no load that a replica would be started for",
                        this::withoutKey),
                new Probe(
                        List.of(Requirement.R4_3),
                        "called " + path + " with a key of the application " + ProbeKeys.OWN_APPLICATION,
                        "refused as an unknown key is",
                        () -> {
                            Reply reply = wire.post(path, keys.foreign(), "{}");
                            return Seen.passedIf(reply.status() == 401 || reply.status() == 404, reply.shown());
                        }),
                new Probe(
                        List.of(Requirement.R4_3),
                        "called " + path + " with a key of each other application",
                        "404, as where there is none",
                        this::withKeysOfOthers),
                refused("a body that is no JSON", "{", Requirement.R1_7),
                refused("a field that is in no schema", "{\"" + FIELD + "\":1}", Requirement.R3_4, Requirement.R5_1),
                refused(
                        "JSON of depth " + DEPTH,
                        "{\"" + FIELD + "\":" + "[".repeat(DEPTH - 1) + "]".repeat(DEPTH - 1) + "}",
                        Requirement.R3_2),
                refused("NaN", "{\"" + FIELD + "\":NaN}", Requirement.R1_7),
                new Probe(
                        List.of(Requirement.R5_3),
                        "read what " + path + " answers to these",
                        "a code, a message and a request id, and nothing of the program",
                        this::readable));
    }

    private Seen withoutKey() throws IOException, InterruptedException {
        Reply described = wire.get(path + "/openapi.json", keys.reader());
        if (described.status() == 404) return notTried();
        List<String> wrong = new ArrayList<>();
        int routes = 0;
        for (var route : paths(described).properties())
            for (String method : route.getValue().propertyNames()) {
                String asked = route.getKey().replaceAll("\\{[^}]*}", "none");
                Reply reply = wire.ask(method.toUpperCase(Locale.ROOT), asked, "");
                routes++;
                if (reply.status() != 401) wrong.add(method + " " + asked + " " + reply.shown());
            }
        return Seen.passedIf(
                wrong.isEmpty() && routes > 0, wrong.isEmpty() ? routes + " routes" : String.join(", ", wrong));
    }

    private static JsonNode paths(Reply described) throws IOException {
        try {
            return JsonMapper.shared().readTree(described.body()).path("paths");
        } catch (JacksonException e) {
            throw new IOException("the description of the application cannot be read", e);
        }
    }

    private Seen withKeysOfOthers() throws IOException, InterruptedException {
        List<String> others = target.applications().stream()
                .filter(name -> !name.equals(keys.application()))
                .toList();
        if (others.isEmpty()) return Seen.notApplicable("there is no other");
        List<String> wrong = new ArrayList<>();
        for (String other : others) {
            Reply reply = wire.post(path, keys.of(other).next(), "{}");
            if (reply.status() != 404) wrong.add("of " + other + ": " + reply.shown());
        }
        return Seen.passedIf(wrong.isEmpty(), wrong.isEmpty() ? others.size() + " keys" : String.join(", ", wrong));
    }

    private Probe refused(String what, String body, Requirement... rules) {
        return new Probe(List.of(rules), "sent " + path + " " + what, "400", () -> {
            Reply reply = call(body);
            return reply.status() == 404 ? notTried() : reply.expecting(400, "");
        });
    }

    private Seen readable() throws IOException, InterruptedException {
        Reply reply = call("{\"" + FIELD + "\":1}");
        if (reply.status() == 404) return notTried();
        String body = reply.body();
        boolean plain = !body.contains("Exception") && !body.contains(".java") && !body.contains("dev.redoubt");
        return Seen.passedIf(
                plain
                        && !reply.code().isEmpty()
                        && !reply.header("X-Request-Id").isEmpty(),
                reply.shown() + ", " + body.length() + " bytes");
    }

    private Reply call(String body) throws IOException, InterruptedException {
        return wire.post(path, keys.next(), body);
    }

    private Seen notTried() {
        return Seen.notApplicable("not tried: the application " + keys.application() + " has no deployments");
    }
}

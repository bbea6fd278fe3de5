package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.Wire.Reply;
import java.io.IOException;
import java.util.List;

/// Calls of the application that the audited keys are of, as a stranger and with bodies that no schema has. None
/// reaches a handler, so nothing is asked that an application would do something for.
final class ApplicationProbes {
    private static final String FIELD = "redoubt_probe_no_schema_has_this";

    private final Target target;
    private final Wire wire;
    private final ProbeKeys keys;

    ApplicationProbes(Target target, Wire wire, ProbeKeys keys) {
        this.target = target;
        this.wire = wire;
        this.keys = keys;
    }

    List<Probe> all() {
        String path = "/" + target.application();
        return List.of(
                new Probe(
                        List.of(Requirement.R2_5, Requirement.R4_3),
                        "called " + path + " without a key",
                        "401: it is no load that a replica would be started for",
                        () -> {
                            Reply reply = wire.post(path, "", "{}");
                            return Seen.passedIf(reply.status() == 401, reply.shown());
                        }),
                new Probe(
                        List.of(Requirement.R4_3),
                        "called " + path + " with a key of the application " + ProbeKeys.OWN_APPLICATION,
                        "refused as an unknown key is",
                        () -> {
                            Reply reply = wire.post(path, keys.foreign(), "{}");
                            return Seen.passedIf(reply.status() == 401 || reply.status() == 404, reply.shown());
                        }),
                refused("a body that is no JSON", "{", Requirement.R1_7),
                refused("a field that is in no schema", "{\"" + FIELD + "\":1}", Requirement.R3_4, Requirement.R5_1),
                refused("NaN", "{\"" + FIELD + "\":NaN}", Requirement.R1_7),
                new Probe(
                        List.of(Requirement.R5_3),
                        "read what " + path + " answers to these",
                        "a code, a message and an error id, and nothing of the program",
                        this::readable));
    }

    private Probe refused(String what, String body, Requirement... rules) {
        return new Probe(List.of(rules), "sent /" + target.application() + " " + what, "400", () -> {
            Reply reply = call(body);
            return reply.status() == 404 ? notTried() : Seen.passedIf(reply.status() == 400, reply.shown());
        });
    }

    private Seen readable() throws IOException, InterruptedException {
        Reply reply = call("{\"" + FIELD + "\":1}");
        if (reply.status() == 404) return notTried();
        String body = reply.body();
        boolean plain = !body.contains("Exception") && !body.contains(".java") && !body.contains("dev.redoubt");
        return Seen.passedIf(
                plain && !reply.code().isEmpty() && body.contains("\"error_id\""),
                reply.shown() + ", " + body.length() + " bytes");
    }

    private Reply call(String body) throws IOException, InterruptedException {
        return wire.post("/" + target.application(), keys.next(), body);
    }

    private Seen notTried() {
        return Seen.notApplicable("not tried: the application " + target.application() + " has no deployments");
    }
}

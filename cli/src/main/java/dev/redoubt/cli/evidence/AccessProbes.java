package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.Wire.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Who is let in where.
final class AccessProbes {
    private static final Set<String> OPEN = Set.of("/livez", "/readyz");
    private static final String GARBAGE = "rdt_" + "A".repeat(43); // of the right shape
    /// What such servers have had, or others have, on their data port.
    private static final List<String> ADMINISTRATION = List.of(
            "/admin",
            "/config",
            "/env",
            "/debug/pprof/",
            "/actuator/env",
            "/actuator/heapdump",
            "/server_info",
            "/reset_prefix_cache",
            "/start_profile",
            "/sleep",
            "/v1/load_lora_adapter",
            "/api/serve/applications/",
            "/metrics/../admin",
            "/v1/%6dodels");

    private final Target target;
    private final Optional<String> model;
    private final Wire wire;
    private final ProbeKeys keys;

    /// @param model as the server calls it; empty: it serves none
    AccessProbes(Target target, Optional<String> model, Wire wire, ProbeKeys keys) {
        this.target = target;
        this.model = model;
        this.wire = wire;
        this.keys = keys;
    }

    List<Probe> all() {
        return List.of(
                new Probe(
                        List.of(Requirement.V5_3, Requirement.R4_4),
                        "asked every route of /openapi.json without a key",
                        "401, but /livez and /readyz, which say nothing",
                        this::withoutKey),
                new Probe(
                        List.of(Requirement.R4_3, Requirement.V5_3),
                        "asked with a garbage, an unknown and a revoked key",
                        "401 with the same bytes",
                        () -> same(List.of("x", GARBAGE, keys.revoked()))),
                new Probe(
                        List.of(Requirement.R4_3),
                        "asked with a key of the application " + ProbeKeys.OWN_APPLICATION,
                        "401 with the bytes of an unknown key",
                        this::foreign),
                new Probe(
                        List.of(Requirement.R4_4),
                        "asked /metrics with a key that has only the scope inference",
                        "403",
                        () -> wire.get("/metrics", keys.reader()).expecting(403, "")),
                new Probe(
                        List.of(Requirement.V5_5, Requirement.R4_4),
                        "asked for " + ADMINISTRATION.size() + " administrative routes, without a key and with one",
                        "401, then 404",
                        this::administration),
                new Probe(
                        List.of(Requirement.V3_4),
                        "asked twice and compared x-ratelimit-remaining-requests",
                        "one less of " + target.edge().rates().requestsPerMinute(),
                        this::counted));
    }

    private Seen withoutKey() throws IOException, InterruptedException {
        List<String> wrong = new ArrayList<>();
        Set<String> routes = routes();
        for (String route : routes) {
            Reply reply = wire.get(route, "");
            boolean open = OPEN.contains(route);
            boolean good = open ? reply.body().isEmpty() && reply.status() != 401 : reply.status() == 401;
            if (!good) wrong.add(route + " " + reply.shown());
        }
        boolean probes = routes.containsAll(OPEN);
        return Seen.passedIf(
                wrong.isEmpty() && probes, wrong.isEmpty() ? routes.size() + " routes" : String.join(", ", wrong));
    }

    private Set<String> routes() throws IOException, InterruptedException {
        try {
            JsonNode paths = JsonMapper.shared()
                    .readTree(wire.get("/openapi.json", keys.reader()).body())
                    .path("paths");
            Set<String> routes = new TreeSet<>();
            for (String path : paths.propertyNames()) routes.add(path.replace("{id}", model.orElse("none")));
            return routes;
        } catch (JacksonException e) {
            throw new IOException("/openapi.json cannot be read", e);
        }
    }

    private Seen same(List<String> refused) throws IOException {
        Set<String> replies = new TreeSet<>();
        Set<String> shown = new TreeSet<>();
        for (String one : refused) {
            Reply reply = wire.get("/v1/models", one);
            replies.add(reply.stable());
            shown.add(reply.shown());
        }
        return Seen.passedIf(
                replies.size() == 1 && shown.equals(Set.of("401 unauthenticated")),
                (replies.size() == 1 ? "one reply to all: " : replies.size() + " replies: ")
                        + String.join(", ", shown));
    }

    private Seen foreign() throws IOException, InterruptedException {
        if (target.edge().applications().isEmpty())
            return Seen.notApplicable("the configuration serves every application: no key is foreign");
        String foreign = keys.foreign();
        keys.taken(); // made later, and seen: so the foreign one was seen too
        return same(List.of(foreign, GARBAGE));
    }

    private Seen administration() throws IOException, InterruptedException {
        List<String> wrong = new ArrayList<>();
        for (String path : ADMINISTRATION) {
            int stranger = wire.get(path, "").status();
            int known = wire.get(path, keys.reader()).status();
            if (stranger != 401 || known != 404) wrong.add(path + " " + stranger + " and " + known);
        }
        return Seen.passedIf(wrong.isEmpty(), wrong.isEmpty() ? "401 and 404" : String.join(", ", wrong));
    }

    private Seen counted() throws IOException, InterruptedException {
        String fresh = keys.taken();
        List<Integer> left = new ArrayList<>();
        String limit = "";
        for (int i = 0; i < 2; i++) {
            Reply reply = wire.post("/tokenize", fresh, "{\"prompt\":\"x\"}");
            limit = reply.header("x-ratelimit-limit-requests");
            String remaining = reply.header("x-ratelimit-remaining-requests");
            if (!remaining.matches("\\d{1,9}")) return Seen.failed("no such header, " + reply.shown());
            left.add(Integer.parseInt(remaining));
        }
        int allowed = target.edge().rates().requestsPerMinute();
        boolean good =
                limit.equals(Integer.toString(allowed)) && left.equals(List.of(allowed - 1, Math.max(0, allowed - 2)));
        return Seen.passedIf(good, "limit " + limit + ", left " + left);
    }
}

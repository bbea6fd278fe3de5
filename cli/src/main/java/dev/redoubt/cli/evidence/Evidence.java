package dev.redoubt.cli.evidence;

import dev.redoubt.cli.evidence.Probe.Finding;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.audit.AuditLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Runs every probe against one server.
public final class Evidence {
    /* The requests are those of keys that are made for it, and the server counts them like any other: none of a tenant's requests,
     * tokens or places is used, but for a few hundred tokens of computing. */
    private final Target target;
    private final Wire wire;
    private final Path scratch;

    private Evidence(Target target, Wire wire, Path scratch) {
        this.target = target;
        this.wire = wire;
        this.scratch = scratch;
    }

    /// What came of it.
    ///
    /// @param process of the server; empty if it cannot be seen
    /// @param model as the server calls it
    public record Gathered(Optional<Long> process, String model, List<Finding> findings) {
        public Gathered {
            findings = List.copyOf(findings);
        }

        /// How many came out so.
        public long count(Probe.Outcome outcome) {
            return findings.stream()
                    .filter(finding -> finding.seen().outcome() == outcome)
                    .count();
        }
    }

    /// @param more probes that the caller knows of, run first
    /// @param scratch a folder of its own, on the disk of the models
    /// @param told of each finding as it is made
    /// @throws IOException if no server answers, or does not take a key that is made in its home
    public static Gathered gather(Target target, List<Probe> more, Path scratch, Consumer<Finding> told)
            throws IOException, InterruptedException {
        Wire wire = Wire.to(target);
        wire.get("/livez", "");
        return new Evidence(target, wire, scratch).gather(more, told);
    }

    private Gathered gather(List<Probe> more, Consumer<Finding> told) throws IOException, InterruptedException {
        List<Finding> findings = new ArrayList<>();
        run(more, findings, told); // before the key store is opened, which puts its files' modes right
        Optional<ServerProcess> process = ServerProcess.listeningOn(target.port());
        try (AuditLog audit = AuditLog.open(target.home());
                KeyStore store = KeyStore.open(target.home(), audit);
                ProbeKeys keys = new ProbeKeys(store, wire, target)) {
            String model = model(keys.reader());
            run(new ProcessProbes(target, process).all(), findings, told);
            run(new AccessProbes(target, model, wire, keys).all(), findings, told);
            run(new LimitProbes(target, model, wire, keys).all(), findings, told);
            run(new ApplicationProbes(target, wire, keys).all(), findings, told);
            run(new ModelProbes(target, model, scratch).all(), findings, told);
            run(new ContentProbes(target, model, wire, keys, process).all(), findings, told);
            return new Gathered(process.map(ServerProcess::pid), model, findings);
        }
    }

    private static void run(List<Probe> probes, List<Finding> findings, Consumer<Finding> told)
            throws InterruptedException {
        for (Probe probe : probes) {
            Finding finding = probe.run();
            findings.add(finding);
            told.accept(finding);
        }
    }

    private String model(String key) throws IOException {
        try {
            String id = JsonMapper.shared()
                    .readTree(wire.get("/v1/models", key).body())
                    .path("data")
                    .valueStream()
                    .filter(model -> !model.has("parent")) // an adapter is tried with its base
                    .map(model -> model.path("id").asString(""))
                    .findFirst()
                    .orElse("");
            if (!id.matches("[A-Za-z0-9._-]{1,256}")) throw new IOException("the server serves no model yet: wait");
            return id;
        } catch (JacksonException e) {
            throw new IOException("/v1/models cannot be read", e);
        }
    }
}

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
    /// Why what is asked of a model is not.
    static final String NO_MODEL = "no language model is served";

    private static final String COMPLETIONS = "/v1/completions";

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
    /// @param model as the server calls it, a language model before an embedding model; empty: it serves none
    public record Gathered(Optional<Long> process, Optional<String> model, List<Finding> findings) {
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
                ProbeKeys first = ProbeKeys.of(store, wire, target)) {
            Served served = served(first);
            ProbeKeys keys = served.keys();
            Optional<String> language = served.language();
            List<Probe> limits = new LimitProbes(target, language.orElse(""), wire, keys).all();
            run(new ProcessProbes(target, process, language.isPresent()).all(), findings, told);
            run(new AccessProbes(target, served.model(), wire, keys).all(), findings, told);
            run(new EdgeProbes(target, served.path(), wire, keys).all(), findings, told);
            run(language.isPresent() ? limits : without(limits), findings, told);
            for (String name : applications())
                run(new ApplicationProbes(target, wire, keys.of(name)).all(), findings, told);
            run(new ModelProbes(target, served.model(), scratch).all(), findings, told);
            run(new ContentProbes(target, language, wire, keys, process).all(), findings, told);
            return new Gathered(process.map(ServerProcess::pid), served.model(), findings);
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

    private static List<Probe> without(List<Probe> probes) {
        return probes.stream().map(probe -> probe.without(NO_MODEL)).toList();
    }

    /// Those that are deployed, or else the one whose keys are used, which then has nothing to be called.
    private List<String> applications() {
        return target.deployed().isEmpty() ? target.applications().subList(0, 1) : target.deployed();
    }

    /// What is looked at most.
    ///
    /// @param keys of an application that the model answers to; where there is none, of one that is deployed
    /// @param generates whether the model is a language model
    private record Served(ProbeKeys keys, Optional<String> model, boolean generates) {
        Optional<String> language() {
            return model.filter(any -> generates);
        }

        /// Of a route that takes a JSON body.
        String path() {
            if (generates) return COMPLETIONS;
            return model.isPresent() ? "/v1/embeddings" : "/" + keys.application();
        }
    }

    private Served served(ProbeKeys first) throws IOException, InterruptedException {
        Optional<Served> other = Optional.empty();
        for (String name : target.applications()) {
            ProbeKeys keys = first.of(name);
            for (String model : models(keys.reader())) {
                Served served = new Served(keys, Optional.of(model), generates(keys, model));
                if (served.generates) return served;
                other = other.or(() -> Optional.of(served));
            }
        }
        if (other.isPresent()) return other.get();
        if (target.deployed().isEmpty() || wire.get("/readyz", "").status() != 200)
            throw new IOException("the server serves no model and not all of its applications yet: wait");
        return new Served(first.of(target.deployed().getFirst()), Optional.empty(), false);
    }

    private boolean generates(ProbeKeys keys, String model) throws IOException, InterruptedException {
        String body = "{\"model\":\"" + model + "\",\"prompt\":\"x\",\"max_tokens\":1}";
        return !wire.post(COMPLETIONS, keys.next(), body).code().equals("wrong_kind_of_model");
    }

    private List<String> models(String key) throws IOException {
        try {
            List<String> names = JsonMapper.shared()
                    .readTree(wire.get("/v1/models", key).body())
                    .path("data")
                    .valueStream()
                    .filter(model -> !model.has("parent")) // an adapter is tried with its base
                    .map(model -> model.path("id").asString(""))
                    .toList();
            for (String name : names)
                if (!name.matches("[A-Za-z0-9._-]{1,256}")) throw new IOException("/v1/models has a name that is none");
            return names;
        } catch (JacksonException e) {
            throw new IOException("/v1/models cannot be read", e);
        }
    }
}

package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.Wire.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What becomes of a request's content: the same bits in any company, and no trace afterwards.
final class ContentProbes {
    private static final String COMPLETIONS = "/v1/completions";
    private static final int NEIGHBOURS = 4;
    private static final int PIECE = 1 << 20;
    private static final int OVERLAP = 64; // a key and a canary are shorter
    /// Not looked at: what lies there is checked by digest, and large.
    private static final Set<String> DIGESTED = Set.of("models", "native");

    private final Target target;
    private final Optional<String> served;
    private final Wire wire;
    private final ProbeKeys keys;
    private final Optional<ServerProcess> process;
    private final String canary = "canary-" + random();

    /// @param served a language model as the server calls it; empty: it serves none
    ContentProbes(Target target, Optional<String> served, Wire wire, ProbeKeys keys, Optional<ServerProcess> process) {
        this.target = target;
        this.served = served;
        this.wire = wire;
        this.keys = keys;
        this.process = process;
    }

    List<Probe> all() {
        return List.of(
                new Probe(
                        List.of(Requirement.V3_2),
                        "asked with a seed, alone and beside " + NEIGHBOURS + " others",
                        "the same text and log probabilities",
                        () -> withModel(this::sameBits)),
                new Probe(
                        List.of(Requirement.V1_1),
                        "asked with a prompt that another key of the application had asked with",
                        "no token of it from the cache",
                        () -> withModel(this::noForeignHit)),
                new Probe(
                        List.of(Requirement.R5_3, Requirement.V1_6),
                        "sent a canary as prompt, user, stop, field, model and key, and read every refusal",
                        "refusals by a code of the table",
                        () -> withModel(this::plant)),
                new Probe(
                        List.of(Requirement.R5_3, Requirement.R1_8),
                        "sent every application a canary as field, body, path and key, and read every refusal",
                        "refusals by a code of the table",
                        this::plantInApplications),
                new Probe(
                        List.of(Requirement.R1_8, Requirement.V1_6),
                        "searched the home, what the server logs to and its metrics for the canary and the keys",
                        "found nowhere",
                        this::search));
    }

    private Seen sameBits(String model) throws IOException, InterruptedException {
        String body = "{\"model\":\"" + model
                + "\",\"prompt\":\"The quick brown fox\",\"max_tokens\":24,\"temperature\":1,\"seed\":7,\"logprobs\":5}";
        String alone = choices(wire.post(COMPLETIONS, keys.next(), body));
        String neighbour =
                "{\"model\":\"" + model + "\",\"prompt\":\"Something else %d\",\"max_tokens\":24,\"temperature\":1.5}";
        List<Future<Reply>> others = new ArrayList<>();
        String among;
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < NEIGHBOURS; i++) {
                String prompt = neighbour.formatted(i);
                String key = keys.next();
                others.add(threads.submit(() -> wire.post(COMPLETIONS, key, prompt)));
            }
            among = choices(wire.post(COMPLETIONS, keys.next(), body));
            for (Future<Reply> other : others) choices(other.get());
        } catch (ExecutionException e) {
            throw new IOException("a neighbour was not answered", e);
        }
        return Seen.passedIf(among.equals(alone), among.equals(alone) ? "equal" : "different");
    }

    private Seen noForeignHit(String model) throws IOException, InterruptedException {
        String body = "{\"model\":\"" + model + "\",\"prompt\":\"" + canary.repeat(8) + "\",\"max_tokens\":1}";
        String key = keys.taken();
        cached(wire.post(COMPLETIONS, key, body));
        int own = cached(wire.post(COMPLETIONS, key, body));
        int foreign = cached(wire.post(COMPLETIONS, keys.taken(), body));
        return Seen.passedIf(foreign == 0, own + " tokens for the same key, " + foreign + " for another");
    }

    private static int cached(Reply reply) throws IOException {
        return json(reply).at("/usage/prompt_tokens_details/cached_tokens").asInt();
    }

    private static String choices(Reply reply) throws IOException {
        return json(reply).path("choices").toString();
    }

    private static JsonNode json(Reply reply) throws IOException {
        if (reply.status() != 200) throw new IOException("a valid request answers " + reply.shown());
        try {
            return JsonMapper.shared().readTree(reply.body());
        } catch (JacksonException e) {
            throw new IOException("a reply is not JSON", e);
        }
    }

    private Seen plant(String model) throws IOException, InterruptedException {
        String valid = "\"model\":\"" + model + "\",\"prompt\":\"" + canary + "\",\"max_tokens\":1";
        List<String> shown = new ArrayList<>();
        shown.add(wire.post(
                        COMPLETIONS,
                        keys.next(),
                        "{" + valid + ",\"user\":\"" + canary + "\",\"stop\":\"" + canary + "\"}")
                .shown());
        shown.add(wire.post(COMPLETIONS, keys.next(), "{" + valid + ",\"" + canary + "\":1}")
                .shown());
        shown.add(wire.post(COMPLETIONS, keys.next(), "{\"model\":\"" + canary + "\",\"prompt\":\"x\"}")
                .shown());
        shown.add(wire.post(COMPLETIONS, keys.next(), canary).shown());
        shown.add(wire.post("/" + canary, canary, "{}").shown());
        return Seen.passedIf(
                shown.equals(List.of(
                        "200", "400 unknown_field", "404 model_not_found", "400 invalid_json", "401 unauthenticated")),
                String.join(", ", shown));
    }

    /// Whatever the input's type: each of these is refused before a handler is called.
    private Seen plantInApplications() throws IOException, InterruptedException {
        if (target.deployed().isEmpty()) return Seen.notApplicable("no application is deployed");
        List<String> wrong = new ArrayList<>();
        for (String name : target.deployed()) {
            List<Reply> replies = List.of(
                    wire.post("/" + name, keys.of(name).next(), "{\"" + canary + "\":1}"),
                    wire.post("/" + name, keys.of(name).next(), canary),
                    wire.post("/" + name + "/" + canary, keys.of(name).next(), "{}"),
                    wire.post("/" + name, canary, "{}"));
            for (Reply reply : replies)
                if (reply.status() / 100 != 4 || reply.code().isEmpty()) wrong.add(name + ": " + reply.shown());
        }
        return Seen.passedIf(
                wrong.isEmpty(),
                wrong.isEmpty() ? target.deployed().size() + " applications" : String.join(", ", wrong));
    }

    private Seen withModel(Look look) throws IOException, InterruptedException {
        return served.isEmpty() ? Seen.notApplicable(Evidence.NO_MODEL) : look.at(served.get());
    }

    private interface Look {
        Seen at(String model) throws IOException, InterruptedException;
    }

    private Seen search() throws IOException, InterruptedException {
        String metricsKey = keys.metrics();
        keys.taken(); // made later, and seen: so the other one was seen too
        Reply metrics = wire.get("/metrics", metricsKey);
        if (metrics.status() != 200) return Seen.notObserved("/metrics answers " + metrics.shown());
        byte[] scraped = metrics.body().getBytes(StandardCharsets.UTF_8);
        List<String> found = new ArrayList<>();
        int[] files = {0};
        if (holds(scraped, scraped.length)) found.add("/metrics");
        Files.walkFileTree(target.home().root(), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                Path in = target.home().root().relativize(folder);
                return DIGESTED.contains(in.toString()) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (!attributes.isRegularFile()) return FileVisitResult.CONTINUE;
                files[0]++;
                if (holds(file)) found.add(target.home().root().relativize(file).toString());
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
                return FileVisitResult.CONTINUE;
            }
        });
        String logs = "its output cannot be read";
        for (int descriptor : new int[] {1, 2}) {
            Optional<Path> output = process.flatMap(one -> one.output(descriptor));
            if (output.isEmpty()) continue;
            logs = "its output too";
            if (holds(output.get())) found.add("output " + descriptor);
        }
        return Seen.passedIf(
                found.isEmpty(),
                found.isEmpty() ? files[0] + " files, " + logs : "found in " + String.join(", ", found));
    }

    private boolean holds(Path file) throws IOException {
        byte[] buffer = new byte[PIECE];
        int kept = 0;
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer, 0, PIECE); read >= 0; read = in.read(buffer, kept, PIECE - kept)) {
                int length = kept + read;
                if (holds(buffer, length)) return true;
                kept = Math.min(length, OVERLAP);
                System.arraycopy(buffer, length - kept, buffer, 0, kept);
            }
        }
        return false;
    }

    private boolean holds(byte[] buffer, int length) {
        String text = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
        return text.contains(canary) || keys.secrets().stream().anyMatch(text::contains);
    }

    private static String random() {
        byte[] bytes = new byte[8];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}

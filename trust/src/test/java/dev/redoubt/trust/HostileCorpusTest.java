package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.testkit.Shared;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The hostile corpus, as far as container and folder decide: each case is refused for its own reason, each
/// good one accepted.
class HostileCorpusTest {
    /// Decided by what is not in this module: the signature and its file set, the engine's expectations,
    /// tokenizer and template.
    private static final Set<String> NOT_OURS = Set.of(
            "md.manifest",
            "md.exact_set",
            "md.config",
            "md.quantization",
            "md.tokenizer",
            "md.tokenizer_regex",
            "md.lora",
            "md.tensors",
            "gg.model",
            "gg.tokenizer",
            "gg.chat_template",
            "ox.endless");

    /// Cases of classes that are ours, but whose decision is not: a hard link may be accepted by a reader that
    /// hashes what it maps; the compiled module is not in every copy of the corpus, and has a test of its own.
    private static final Set<String> NOT_OURS_EITHER = Set.of("md-hardlink", "md-code-pyc");

    /// A zip archive named .gguf breaks R1.6 as well as V4.3; an output without a shape is refused before its
    /// size matters.
    private static final Set<String> EITHER_RULE = Set.of("gg-magic-zip", "ox-output-4tib");

    private static final StrictJson JSON = new StrictJson(JsonLimits.MODEL_FILE);

    @TempDir
    Path temp;

    @Test
    void V4_3_hostileSafetensorsAreRefusedForTheirOwnReason() throws Exception {
        run("safetensors");
    }

    @Test
    void V4_3_hostileGgufFilesAreRefusedForTheirOwnReason() throws Exception {
        run("gguf");
    }

    @Test
    void V4_3_hostileOnnxModelsAreRefusedForTheirOwnReason() throws Exception {
        run("onnx");
    }

    @Test
    void R1_6_V2_4_V4_2_hostileModelFoldersAreRefusedForTheirOwnReason() throws Exception {
        run("models");
    }

    private void run(String kind) throws Exception {
        Path corpus = Shared.testdata("hostile");
        var wrong = new ArrayList<String>();
        var left = new ArrayList<String>();
        int passed = 0;
        for (JsonNode test : cases(corpus, kind)) {
            String id = test.required("id").stringValue();
            String verdict = verdict(corpus, test);
            if (verdict.isEmpty()) passed++;
            else if (verdict.startsWith("left")) left.add(id);
            else wrong.add(id + ": " + verdict);
        }
        System.out.printf(
                "hostile %s: %d decided here; %d left to the engine, the tokenizer or signatures: %s%n",
                kind, passed, left.size(), left);
        assertThat(wrong).isEmpty();
        assertThat(passed).isPositive();
    }

    private static List<JsonNode> cases(Path corpus, String kind) throws IOException, JsonRefusal {
        JsonNode manifest = JSON.parse(Files.readAllBytes(corpus.resolve("manifest.json")));
        return manifest.required("cases")
                .valueStream()
                .filter(test -> test.required("kind").stringValue().equals(kind))
                .toList();
    }

    /// Empty if right; begins with "left" if another module decides.
    private String verdict(Path corpus, JsonNode test) throws IOException {
        Path path = expanded(corpus, test);
        String id = test.required("id").stringValue();
        boolean refuse = test.required("expect").stringValue().equals("refuse");
        boolean notOurs = NOT_OURS.contains(test.required("class").stringValue()) || NOT_OURS_EITHER.contains(id);
        long start = System.nanoTime();
        try {
            if (test.required("kind").stringValue().equals("onnx")) openOnnx(path);
            else openFolder(path);
            if (!refuse) return "";
            return notOurs ? "left" : "accepted: " + test.required("what").stringValue();
        } catch (ArtifactException e) {
            if (!refuse) return "refused: " + e.getMessage();
            String message = String.valueOf(e.getMessage());
            for (JsonNode reason : test.path("reason_contains"))
                if (Stream.of(reason.stringValue().split("\\|"))
                        .noneMatch(word -> message.toLowerCase(Locale.ROOT).contains(word.toLowerCase(Locale.ROOT))))
                    return notOurs ? "left" : "another reason than " + reason + ": " + message;
            String rule = test.required("rule").stringValue();
            if (!rule.equals(e.rule()) && !notOurs && !EITHER_RULE.contains(id))
                return "rule " + e.rule() + " instead of " + rule + ": " + message;
            if (message.chars().anyMatch(c -> c < 0x20)) return "a control character in the message";
            return System.nanoTime() - start > 10_000_000_000L ? "took over 10 s" : "";
        }
    }

    private static void openFolder(Path path) throws IOException {
        try (VerifiedArtifact artifact = ModelPath.open(path)) {
            assertThat(artifact.digest()).hasSize(64);
        }
    }

    private static void openOnnx(Path file) throws IOException {
        try (OnnxFile read = OnnxFile.read(file)) {
            OnnxArtifact artifact = read.verify("sha256:" + Sha256.of(Files.readAllBytes(file)));
            assertThat(artifact.model().outputs()).isNotEmpty();
        }
    }

    /// The case as a file or folder of its own, its recipe carried out.
    private Path expanded(Path corpus, JsonNode test) throws IOException {
        Path stored = corpus.resolve(test.required("path").stringValue());
        JsonNode recipe = test.path("recipe");
        if (recipe.isMissingNode()) return stored;
        Path target = temp.resolve(test.required("path").stringValue());
        Files.createDirectories(Objects.requireNonNull(target.getParent()));
        if (recipe.has("parts")) {
            parts(target, recipe.required("parts"));
            return target;
        }
        Files.createDirectories(target);
        try (Stream<Path> files = Files.list(stored)) {
            for (Path file : files.toList())
                Files.copy(file, target.resolve(Objects.requireNonNull(file.getFileName())));
        }
        for (JsonNode op : recipe.required("ops")) carryOut(corpus, target, op);
        return target;
    }

    private static void carryOut(Path corpus, Path folder, JsonNode op) throws IOException {
        Path at = folder.resolve(op.required("at").stringValue()).normalize();
        Files.createDirectories(Objects.requireNonNull(at.getParent()));
        switch (op.required("op").stringValue()) {
            case "write" -> Files.writeString(at, op.required("utf8").stringValue());
            case "copy" ->
                Files.copy(corpus.resolve(op.required("from").stringValue()), at, StandardCopyOption.REPLACE_EXISTING);
            case "symlink" -> {
                Files.deleteIfExists(at);
                Files.createSymbolicLink(at, Path.of(op.required("to").stringValue()));
            }
            case "hardlink" -> {
                Files.deleteIfExists(at);
                Files.createLink(
                        at, folder.resolve(op.required("to").stringValue()).normalize());
            }
            case "fifo" -> makeFifo(at);
            case "parts" -> parts(at, op.required("parts"));
            default -> throw new IllegalStateException("unknown op " + op);
        }
    }

    private static void makeFifo(Path at) throws IOException {
        try {
            assertThat(new ProcessBuilder("mkfifo", at.toString()).start().waitFor())
                    .isZero();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void parts(Path target, JsonNode parts) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(target))) {
            for (JsonNode part : parts) part(out, part);
        }
    }

    private static void part(OutputStream out, JsonNode part) throws IOException {
        if (part.has("hex"))
            out.write(HexFormat.of().parseHex(part.required("hex").stringValue()));
        else if (part.has("utf8")) out.write(part.required("utf8").stringValue().getBytes(StandardCharsets.UTF_8));
        else if (part.has("counter")) {
            String format = part.required("counter").stringValue();
            String between = part.required("between").stringValue();
            int from = part.required("from").intValue();
            for (int i = from; i < part.required("to").intValue(); i++)
                out.write(((i > from ? between : "") + format.formatted(i)).getBytes(StandardCharsets.UTF_8));
        } else {
            byte[] unit = part.has("repeat_hex")
                    ? HexFormat.of().parseHex(part.required("repeat_hex").stringValue())
                    : part.required("repeat_utf8").stringValue().getBytes(StandardCharsets.UTF_8);
            int times = part.required("times").intValue();
            byte[] block = new byte[unit.length * Math.min(times, 8192)];
            for (int i = 0; i < block.length; i++) block[i] = unit[i % unit.length];
            for (long left = (long) times * unit.length; left > 0; left -= block.length)
                out.write(block, 0, (int) Math.min(left, block.length));
        }
    }
}

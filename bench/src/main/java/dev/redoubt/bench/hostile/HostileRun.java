package dev.redoubt.bench.hostile;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// `redoubt dev hostile FOLDER`: every file, folder and template of a corpus gets what its manifest expects,
/// for its own reason and in time. Prints each difference; the last line counts.
public final class HostileRun {
    /* A case passes if the verdict is the expected one and, for a refusal, the message names every reason that the case lists, is
     * bounded and holds no control character. Cases of the kind `http` are requests to a server and are not of this run. Each
     * case has a thread of its own: one that does not end is left behind and counted as failed. */
    private static final int MESSAGE_CHARS_MAX = 2_000;

    private final Path corpus;
    private final PrintStream out;
    private final List<String> byAnotherRule = new ArrayList<>();
    private int passed;
    private int failed;

    HostileRun(Path corpus, PrintStream out) {
        this.corpus = corpus.toAbsolutePath();
        this.out = out;
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("usage: redoubt dev hostile FOLDER");
            System.exit(64);
        }
        HostileRun run = new HostileRun(Path.of(args[0]), System.out);
        run.all();
        System.exit(run.failed() > 0 ? 1 : 0);
    }

    int passed() {
        return passed;
    }

    int failed() {
        return failed;
    }

    /// Runs every case.
    ///
    /// @throws IOException if the folder is no corpus
    void all() throws IOException {
        for (HostileCase hostile : HostileCase.all(corpus)) {
            if (hostile.kind().equals("http")) {
                out.println("left out " + hostile.id() + ": requests, which need a server");
                continue;
            }
            Optional<String> difference = difference(hostile);
            if (difference.isEmpty()) passed++;
            else {
                failed++;
                out.println(
                        "FAILED " + hostile.id() + " (" + hostile.text("what") + "): " + printable(difference.get()));
            }
        }
        if (!byAnotherRule.isEmpty())
            out.println("refused by another rule than the corpus names, which is no failure: "
                    + String.join(", ", byAnotherRule));
        out.println(passed + " passed, " + failed + " failed");
    }

    /// How the product differs from what the case expects; empty if it does not.
    Optional<String> difference(HostileCase hostile) throws IOException {
        Path folder = Files.createTempDirectory("redoubt-hostile");
        try {
            Path path = new Expansion(corpus, folder).path(hostile);
            return switch (timed(hostile, path)) {
                case Verdict.Accepted accepted -> compare(hostile, accepted);
                case Verdict.Refused refused -> compare(hostile, refused);
                case Verdict.Failed fault -> Optional.of(fault.why());
            };
        } finally {
            DurableFiles.deleteTree(folder);
        }
    }

    private Verdict timed(HostileCase hostile, Path path) {
        Product product = new Product(corpus);
        ExecutorService thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("case-" + hostile.id()).daemon().factory());
        try {
            long limit = (long) (hostile.secondsMax() * 1e9);
            return thread.submit(() -> product.judge(hostile, path)).get(limit, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return new Verdict.Failed("no verdict within " + hostile.secondsMax() + " s");
        } catch (ExecutionException e) {
            return new Verdict.Failed(String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Verdict.Failed("interrupted");
        } finally {
            thread.shutdownNow();
        }
    }

    private Optional<String> compare(HostileCase hostile, Verdict.Refused refused) {
        String rule = hostile.text("rule");
        if (!hostile.accept() && !rule.isEmpty() && !refused.rule().equals(rule)) byAnotherRule.add(hostile.id());
        if (hostile.accept()) return Optional.of("refused: " + refused.message());
        List<String> missing = hostile.missingReasons(refused.message());
        if (!missing.isEmpty()) return Optional.of("the refusal does not name " + missing + ": " + refused.message());
        if (refused.message().length() > MESSAGE_CHARS_MAX)
            return Optional.of("the refusal has " + refused.message().length() + " characters");
        if (refused.message().chars().anyMatch(c -> c < 0x20)) return Optional.of("a control character in the refusal");
        return Optional.empty();
    }

    private Optional<String> compare(HostileCase hostile, Verdict.Accepted accepted) throws IOException {
        if (hostile.fields().has("expected")) {
            String expected = Files.readString(corpus.resolve(hostile.text("expected")));
            return accepted.output().equals(expected) ? Optional.empty() : Optional.of("another output than expected");
        }
        if (hostile.mayAccept()) return Optional.empty();
        if (hostile.fields().has("or_output") && accepted.output().equals(hostile.text("or_output")))
            return Optional.empty();
        if (hostile.fields().has("or_output_without")) {
            String lower = accepted.output().toLowerCase(Locale.ROOT);
            boolean clean = hostile.fields()
                    .path("or_output_without")
                    .valueStream()
                    .noneMatch(word -> lower.contains(word.asString("").toLowerCase(Locale.ROOT)));
            if (clean) return Optional.empty();
        }
        return Optional.of("accepted");
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }
}

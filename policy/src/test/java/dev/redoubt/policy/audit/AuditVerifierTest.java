package dev.redoubt.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.audit.AuditVerifier.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Everything that can be done to a log behind its back is found, and named by record, file and line.
final class AuditVerifierTest {
    @TempDir
    private Path folder;

    private AuditHome home;

    @BeforeEach
    void writeLog() {
        home = AuditHome.in(folder);
        home.write(24); // 25 records in several files
        assertThat(home.verify().problems()).isEmpty();
    }

    /// The file that holds a record in its middle, and its line there from 0 on.
    private record Place(Path file, List<String> lines, int line, long sequence) {}

    private Place middle() {
        Path file = home.segments().get(1);
        List<String> lines = home.lines(file);
        assertThat(lines).hasSizeGreaterThan(3);
        long first = Long.parseLong(file.getFileName().toString().substring(0, 18));
        return new Place(file, lines, 1, first + 1);
    }

    private Problem only() {
        List<Problem> problems = home.verify().problems();
        assertThat(problems).hasSize(1);
        return problems.getFirst();
    }

    @Test
    void aChangedRecordIsNamed() {
        Place at = middle();
        for (String[] change : new String[][] {
            {"operator", "somebody"},
            {"\"done\"", "\"begun\""},
            {"\"count\":1", "\"count\":2"},
            {"{\"seq\":" + at.sequence, "{\"seq\":" + (at.sequence + 7)},
            {"{", ""},
        }) {
            List<String> lines = new ArrayList<>(at.lines);
            lines.set(at.line, at.lines.get(at.line).replace(change[0], change[1]));
            assertThat(lines).isNotEqualTo(at.lines);
            home.rewrite(at.file, lines);
            Problem problem = only();
            assertThat(problem.sequence()).isEqualTo(at.sequence);
            assertThat(problem.file()).isEqualTo(at.file);
            assertThat(problem.line()).isEqualTo(at.line + 1);
            assertThat(problem.what()).isEqualTo("record " + at.sequence + " was changed");
        }
    }

    @Test
    void everyByteCounts() throws IOException {
        Path file = home.segments().get(1);
        byte[] good = Files.readAllBytes(file);
        byte[] line = home.lines(file).getFirst().getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < line.length; i++) {
            byte[] bad = line.clone();
            bad[i] ^= 1;
            assertThat(Link.of(bad).filter(Link::intact)).as("byte %d", i).isEmpty();
        }
        for (int i = 0; i < good.length; i += 41) {
            byte[] bad = good.clone();
            bad[i] ^= 1;
            Files.write(file, bad);
            assertThat(home.verify().problems()).as("byte %d", i).isNotEmpty();
        }
    }

    @Test
    void aRecordThatWasChangedWithItsHashBreaksTheChain() {
        Place at = middle();
        String line = at.lines.get(at.line).replace("operator", "somebody");
        String body = line.substring(0, line.indexOf(",\"hash\":"));
        String forged = body + ",\"hash\":\"" + Link.sha256(body.getBytes(StandardCharsets.US_ASCII)) + "\"}";
        at.lines.set(at.line, forged);
        home.rewrite(at.file, at.lines);
        assertThat(only().what())
                .isEqualTo("record " + (at.sequence + 1) + " does not follow on record " + at.sequence
                        + ": one of the two was replaced or inserted");
    }

    @Test
    void aChainThatWasMadeAnewIsNotTheOneThatWasSigned() throws IOException {
        Path file = home.segments().getLast();
        List<String> lines = home.lines(file);
        List<String> forged = new ArrayList<>();
        String previous =
                home.lines(home.segments().get(home.segments().size() - 2)).getLast();
        for (String line : lines) {
            String body = line.replace("operator", "somebody")
                    .replaceFirst(
                            "\"prev\":\"[0-9a-f]{64}\"",
                            "\"prev\":\"" + Link.hashOf(previous.getBytes(StandardCharsets.US_ASCII)) + "\"");
            body = body.substring(0, body.indexOf(",\"hash\":"));
            previous = body + ",\"hash\":\"" + Link.sha256(body.getBytes(StandardCharsets.US_ASCII)) + "\"}";
            forged.add(previous);
        }
        home.rewrite(file, forged);
        assertThat(only().what()).isEqualTo("record 25 is not the one that was signed");
    }

    @Test
    void aRemovedRecordIsNamed() {
        Place at = middle();
        at.lines.remove(at.line);
        home.rewrite(at.file, at.lines);
        assertThat(only().what()).isEqualTo("record " + at.sequence + " is missing");
        assertThat(only().line()).isEqualTo(at.line + 1);
    }

    @Test
    void recordsInAnotherOrderAreNamed() {
        Place at = middle();
        String moved = at.lines.remove(at.line);
        at.lines.add(at.line + 1, moved);
        home.rewrite(at.file, at.lines);
        assertThat(home.verify().problems())
                .extracting(Problem::what)
                .containsExactly(
                        "record " + at.sequence + " is missing",
                        "record " + at.sequence + " stands behind record " + (at.sequence + 1)
                                + ": it was inserted or put elsewhere");
    }

    @Test
    void anInsertedRecordIsNamed() {
        Place at = middle();
        at.lines.add(at.line + 1, at.lines.get(at.line - 1));
        home.rewrite(at.file, at.lines);
        assertThat(only().what())
                .isEqualTo("record " + (at.sequence - 1) + " stands behind record " + at.sequence
                        + ": it was inserted or put elsewhere");
    }

    @Test
    void aRemovedFileIsNamed() throws IOException {
        List<Path> segments = home.segments();
        long first = Long.parseLong(segments.get(1).getFileName().toString().substring(0, 18));
        long next = Long.parseLong(segments.get(2).getFileName().toString().substring(0, 18));
        Files.delete(segments.get(1));
        Problem problem = only();
        assertThat(problem.what())
                .isEqualTo("records " + first + " to " + (next - 1) + " are missing before this file");
        assertThat(problem.file()).isEqualTo(segments.get(2));
    }

    @Test
    void theFirstFileIsMissedToo() throws IOException {
        Files.delete(home.segments().getFirst());
        assertThat(only().sequence()).isEqualTo(1);
    }

    @Test
    void aCutOffEndIsNamedAsFarAsItWasSigned() throws IOException {
        Path last = home.segments().getLast();
        List<String> lines = home.lines(last);
        home.rewrite(last, lines.subList(0, lines.size() - 1));
        assertThat(only().what()).isEqualTo("record 25 is missing at the end: the head was signed with them");
        Files.delete(last);
        assertThat(only().what()).contains("to 25 are missing at the end");
        for (Path segment : home.segments()) Files.delete(segment);
        assertThat(only().what()).startsWith("records 1 to 25 are missing");
    }

    @Test
    void aHeadThatIsGoneOrNotOursIsNamed() throws IOException {
        Path head = home.home().audit().resolve("head");
        String good = Files.readString(head);
        Files.writeString(head, good.replaceFirst("\n20", "\n19"));
        assertThat(only().what()).startsWith("the head is not signed by the key sha256:");
        Files.delete(head);
        assertThat(only().what()).isEqualTo("the signed head is missing");
    }

    @Test
    void thePublicKeyAloneIsEnough() throws IOException {
        Path pem = Files.writeString(
                folder.resolve("public.pem"),
                AuditVerifier.publicKey(home.home()).orElseThrow());
        assertThat(Files.readString(pem))
                .startsWith("-----BEGIN PUBLIC KEY-----")
                .doesNotContain("PRIVATE");
        Files.delete(home.home().auditKey());
        assertThat(AuditVerifier.verify(home.home(), Optional.of(pem)).problems())
                .isEmpty();
    }

    @Test
    void aLogIsVerifiedWhileItIsWritten() throws InterruptedException {
        try (AuditLog log = home.open()) {
            Thread writer = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 200; i++) log.commit(AuditHome.event("busy"));
            });
            while (writer.isAlive()) {
                AuditVerifier.Report report = home.verify();
                assertThat(report.problems()).isEmpty();
                assertThat(report.torn()).isZero();
            }
            writer.join();
        }
        assertThat(home.verify().records()).isEqualTo(225);
    }

    @Test
    void theEndIsFollowed() throws IOException {
        AuditReader.Tail tail = AuditReader.tail(home.home(), 3);
        try (AuditReader reader = tail.reader()) {
            assertThat(tail.records()).extracting(AuditRecord::sequence).containsExactly(23L, 24L, 25L);
            assertThat(reader.next()).isEmpty();
            home.write(12); // into the next files
            for (long sequence = 26; sequence <= 37; sequence++)
                assertThat(reader.next().orElseThrow().sequence()).isEqualTo(sequence);
            assertThat(reader.next()).isEmpty();
        }
    }
}

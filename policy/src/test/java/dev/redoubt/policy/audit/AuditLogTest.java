package dev.redoubt.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.redoubt.testkit.ManualClock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AuditLogTest {
    @TempDir
    private Path folder;

    private AuditHome home;

    @BeforeEach
    void makeHome() {
        home = AuditHome.in(folder);
    }

    @Test
    void whatIsCommittedIsReadBackInOrder() {
        home.write(3);
        List<AuditRecord> records = home.records();
        assertThat(records.getFirst().get("kind")).isEqualTo("log.begun");
        assertThat(home.subjects(AuditKind.KEY_CREATE)).containsExactly("subject-0", "subject-1", "subject-2");
        assertThat(records).extracting(AuditRecord::sequence).containsExactly(1L, 2L, 3L, 4L);
        AuditRecord last = records.getLast();
        assertThat(last.get("actor")).isEqualTo("operator");
        assertThat(last.get("application")).isEqualTo("shop");
        assertThat(last.get("outcome")).isEqualTo("done");
        assertThat(last.get("prev")).isEqualTo(records.get(2).get("hash"));
        AuditVerifier.Report report = home.verify();
        assertThat(report.problems()).isEmpty();
        assertThat(report.signed()).isEqualTo(4);
        assertThat(report.hash()).isEqualTo(last.get("hash"));
    }

    @Test
    void aLogThatIsOnlyOpenedLeavesNoFile() {
        home.open().close();
        assertThat(home.home().audit()).doesNotExist();
        assertThat(home.verify().records()).isZero();
    }

    @Test
    void filesAreForTheirOwnerOnly() throws IOException {
        home.write(30);
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(home.home().audit())))
                .isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(home.home().audit())) {
            List<Path> all = new ArrayList<>(files.toList());
            all.add(home.home().auditKey());
            for (Path file : all)
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .isEqualTo("rw-------");
        }
    }

    @Test
    void theChainGoesAcrossFiles() {
        home.write(20);
        home.write(20);
        assertThat(home.segments()).hasSizeGreaterThan(3);
        assertThat(home.verify().problems()).isEmpty();
        assertThat(home.verify().records()).isEqualTo(41);
        for (Path segment : home.segments())
            assertThat(home.lines(segment).getFirst())
                    .startsWith("{\"seq\":"
                            + Long.parseLong(segment.getFileName().toString().substring(0, 18)) + ",");
    }

    @Test
    void textsCannotBreakALine() {
        try (AuditLog log = home.open()) {
            log.commit(AuditHome.event("a\"b\\c\nd\u0000e\u00e4" + "x".repeat(500)));
        }
        String subject = home.records().getLast().get("subject");
        assertThat(subject).startsWith("a\"b\\c?d?e?xxx").hasSize(160);
        assertThat(home.verify().problems()).isEmpty();
    }

    @Test
    void severalWritersShareOneChain() throws InterruptedException {
        List<AuditLog> logs =
                List.of(home.open(), home.open(), home.open()); // files of their own, as of other processes
        List<Thread> threads = IntStream.range(0, 3)
                .mapToObj(writer -> Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 40; i++) logs.get(writer).commit(AuditHome.event(writer + "-" + i));
                }))
                .toList();
        for (Thread thread : threads) thread.join();
        logs.forEach(AuditLog::close);
        AuditVerifier.Report report = home.verify();
        assertThat(report.problems()).isEmpty();
        assertThat(report.records()).isEqualTo(121);
        for (int writer = 0; writer < 3; writer++) {
            String prefix = writer + "-";
            assertThat(home.subjects(AuditKind.KEY_CREATE).stream().filter(one -> one.startsWith(prefix)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 40).mapToObj(i -> prefix + i).toList());
        }
    }

    @Test
    void halfALineIsSetAsideAndTheChainGoesOn() throws IOException {
        home.write(2);
        String half = "{\"seq\":4,\"time\":\"2026";
        Files.writeString(home.segments().getLast(), half, StandardOpenOption.APPEND);
        assertThat(home.verify().torn()).isEqualTo(half.length());
        assertThat(home.verify().problems()).isEmpty();
        home.write(1);
        AuditVerifier.Report report = home.verify();
        assertThat(report.problems()).isEmpty();
        assertThat(report.torn()).isZero();
        assertThat(report.records()).isEqualTo(5);
        AuditRecord torn = home.records().get(3);
        assertThat(torn.get("kind")).isEqualTo("log.torn");
        assertThat(torn.get("outcome"))
                .isEqualTo("set aside 21 bytes, sha256:" + Link.sha256(half.getBytes(StandardCharsets.US_ASCII)));
        assertThat(home.home().audit().resolve(torn.get("subject"))).hasContent(half);
    }

    @Test
    void halfALineThatWasSetAsideBeforeAKillIsStillTold() throws IOException {
        home.write(2);
        Files.writeString(home.home().audit().resolve("torn-%018d".formatted(4)), "half");
        home.write(1);
        assertThat(home.subjects(AuditKind.LOG_TORN)).containsExactly("torn-000000000000000004");
        assertThat(home.verify().problems()).isEmpty();
    }

    @Test
    void halfAFirstLineIsSetAsideToo() throws IOException {
        Files.createDirectories(home.home().audit());
        Files.writeString(Segments.file(home.home().audit(), 1), "{\"se");
        home.write(1);
        assertThat(home.subjects(AuditKind.LOG_TORN)).hasSize(1);
        assertThat(home.verify().problems()).isEmpty();
    }

    @Test
    void nothingIsAppendedToALogThatWasCutOffOrChanged() throws IOException {
        home.write(3);
        Path segment = home.segments().getFirst();
        List<String> lines = home.lines(segment);
        home.rewrite(segment, lines.subList(0, 3));
        assertDamaged("was cut off");
        List<String> changed = new ArrayList<>(lines);
        changed.set(3, lines.get(3).replace("subject-2", "subject-9"));
        home.rewrite(segment, changed);
        assertDamaged("is not the one that was signed");
        Files.delete(segment);
        assertDamaged("is missing");
        home.rewrite(segment, lines);
        Files.delete(home.home().audit().resolve("head"));
        assertDamaged("no signed head");
    }

    @Test
    void aHeadByAnotherKeyIsNoHead() throws IOException {
        home.write(3);
        Files.delete(home.home().auditKey());
        assertDamaged("not signed by the key");
    }

    private void assertDamaged(String what) {
        try (AuditLog log = home.open()) {
            assertThatExceptionOfType(AuditException.class)
                    .isThrownBy(() -> log.commit(AuditHome.event("later")))
                    .withMessageContaining(what)
                    .matches(AuditException::damaged);
        }
    }

    @Test
    void theHeadIsSignedEveryThousandRecordsAndAtTheEnd() {
        ManualClock clock = new ManualClock();
        try (AuditLog log = home.open(clock)) {
            log.commit(AuditHome.event("first"));
            assertThat(home.verify().signed()).isEqualTo(1);
            List<Thread> threads = IntStream.range(0, 50)
                    .mapToObj(t -> Thread.ofVirtual().start(() -> {
                        for (int i = 0; i < 21; i++) log.commit(AuditHome.event("more"));
                    }))
                    .toList();
            threads.forEach(AuditLogTest::join);
            await(() -> home.verify().signed() > 1000);
            log.commit(AuditHome.event("last"));
        }
        assertThat(home.verify().signed()).isEqualTo(1053);
    }

    @Test
    void theHeadIsSignedAfterAMinute() {
        ManualClock clock = new ManualClock();
        try (AuditLog log = home.open(clock)) {
            log.commit(AuditHome.event("first"));
            clock.advance(AuditChain.HEAD_INTERVAL);
            await(() -> home.verify().signed() == 2);
        }
    }

    @Test
    void aFloodOfRefusalsIsCounted() {
        ManualClock clock = new ManualClock();
        try (AuditLog log = home.open(clock)) {
            for (int i = 0; i < 10_000; i++) log.note(AuditHome.refusal("stranger:public", "r" + i));
            log.note(AuditHome.refusal("key_1", "other"));
            clock.advance(RefusalFlood.WINDOW);
            await(() -> home.records().size() == 1 + 10 + 1 + 1);
            log.note(AuditHome.refusal("stranger:public", "later"));
        }
        List<AuditRecord> refused = home.records().stream()
                .filter(record -> record.get("kind").equals("request.refused"))
                .toList();
        assertThat(refused.stream().mapToLong(AuditRecord::count).sum()).isEqualTo(10_002);
        AuditRecord counted = refused.stream()
                .filter(record -> record.count() > 1)
                .findFirst()
                .orElseThrow();
        assertThat(counted.count()).isEqualTo(9_990);
        assertThat(counted.get("rule")).isEqualTo("V5.3");
        assertThat(counted.get("actor")).isEqualTo("stranger:public");
        assertThat(counted.get("request_id")).isEmpty();
        assertThat(refused.getLast().get("request_id")).isEqualTo("later");
    }

    @Test
    void manyWhoAreRefusedTakeBoundedSpaceAndNoneIsLost() {
        ManualClock clock = new ManualClock();
        RefusalFlood flood = new RefusalFlood(clock);
        long admitted = 0;
        int all = 100_000;
        for (int i = 0; i < all; i++) if (flood.admits(AuditHome.refusal("key_" + i % 5000, ""))) admitted++;
        assertThat(admitted).isEqualTo(10L * RefusalFlood.WINDOWS_MAX);
        List<AuditChain.Item> counted = flood.counted(true);
        assertThat(counted).hasSizeLessThanOrEqualTo(RefusalFlood.WINDOWS_MAX + 1);
        assertThat(admitted + counted.stream().mapToLong(AuditChain.Item::count).sum())
                .isEqualTo(all);
    }

    @Test
    void anActionIsBetweenTwoRecords() {
        try (AuditLog log = home.open()) {
            AuditEvent event = AuditHome.event("key_1");
            String made = log.carryOut(
                    event,
                    () -> {
                        assertThat(home.records().getLast().get("outcome")).isEqualTo("begun");
                        return "made";
                    },
                    result -> "done, " + result);
            assertThat(made).isEqualTo("made");
            assertThat(home.records().getLast().get("outcome")).isEqualTo("done, made");
            assertThatIllegalStateException()
                    .isThrownBy(() -> log.carryOut(
                            event,
                            () -> {
                                throw new IllegalStateException("no");
                            },
                            result -> "done"));
            assertThat(home.records().getLast().get("outcome")).isEqualTo("failed");
        }
    }

    @Test
    void whatCannotBeWrittenDownIsNotDone() throws IOException {
        List<AuditException> complaints = new CopyOnWriteArrayList<>();
        Path file = Files.createDirectories(home.home().root()).resolve("audit");
        Files.writeString(file, "no folder");
        AtomicBoolean done = new AtomicBoolean();
        AuditLog log = AuditLog.open(
                home.home(), new ManualClock(), AuditChain.SEGMENT_BYTES_MAX, complaints::add); // a clock that stands
        try (log) {
            assertThatExceptionOfType(AuditException.class)
                    .isThrownBy(() -> log.carryOut(AuditHome.event("key_1"), () -> done.getAndSet(true), any -> "done"))
                    .withMessageContaining("cannot be written")
                    .matches(e -> !e.damaged());
            assertThat(done).isFalse();
            assertThat(log.failing()).isTrue();
            log.note(AuditHome.refusal("key_1", "while failing"));
            Files.delete(file);
            await(() -> !log.failing());
            log.commit(AuditHome.event("key_2"));
        }
        assertThat(complaints).hasSize(1);
        assertThat(home.records())
                .extracting(record -> record.get("kind") + " " + record.get("subject") + record.get("request_id"))
                .filteredOn(text -> !text.startsWith("log.begun"))
                .containsExactlyInAnyOrder(
                        "log.resumed ", "request.refused /v1/modelswhile failing", "key.create key_2");
        assertThat(home.verify().problems()).isEmpty();
    }

    @Test
    void aClosedLogTakesNothing() {
        AuditLog log = home.open();
        log.close();
        assertThatIllegalStateException().isThrownBy(() -> log.commit(AuditHome.event("late")));
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean() && System.nanoTime() < end) LockSupport.parkNanos(10_000_000);
        assertThat(condition.getAsBoolean()).isTrue();
    }
}

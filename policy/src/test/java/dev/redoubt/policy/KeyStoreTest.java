package dev.redoubt.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore.Created;
import dev.redoubt.policy.KeyStore.KeyRecord;
import dev.redoubt.policy.audit.AuditLog;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyStoreTest {
    @TempDir
    Path folder;

    private Home home;

    private AuditLog audit;

    @BeforeEach
    void makeHome() {
        home = new Home(folder.resolve("home"));
        audit = AuditLog.open(home);
    }

    @AfterEach
    void closeAudit() {
        audit.close();
    }

    @Test
    void runsOnTheModulePath() {
        assertThat(KeyStore.class.getModule().isNamed()).isTrue();
    }

    @Test
    void aNewKeyIsWhoItWasMadeFor() {
        try (KeyStore keys = KeyStore.open(home, audit)) {
            Created created = keys.create("chat", Set.of(Scope.INFERENCE));
            assertThat(created.secret()).matches("rdt_[A-Za-z0-9_-]{43}");
            assertThat(keys.authenticate(created.secret()))
                    .contains(new Principal(created.keyId(), "chat", Set.of(Scope.INFERENCE)));
        }
    }

    @Test
    void theNativeLibraryLeavesNoFileBehind() throws IOException {
        KeyStore.open(home, audit).close();
        try (Stream<Path> all = Files.walk(home.root())) {
            assertThat(all.filter(Files::isRegularFile).map(file -> String.valueOf(file.getFileName())))
                    .containsExactlyInAnyOrder("key-secret", "redoubt.db");
        }
    }

    @Test
    void V5_3_whatIsNotExactlyTheKeyIsNobody() {
        try (KeyStore keys = KeyStore.open(home, audit)) {
            String key = keys.create("chat", Set.of(Scope.INFERENCE)).secret();
            String flipped = key.substring(0, key.length() - 1) + (key.endsWith("A") ? "B" : "A");
            for (String wrong : List.of(
                    "",
                    " ",
                    "rdt_",
                    key + "x",
                    key.substring(1),
                    key.substring(0, 46),
                    flipped,
                    key.toLowerCase(java.util.Locale.ROOT),
                    "é".repeat(47),
                    "-".repeat(47),
                    "x".repeat(100_000)))
                assertThat(keys.authenticate(wrong)).as("presented %s", wrong).isEmpty();
            assertThat(keys.authenticate(key)).isPresent();
        }
    }

    @Test
    void V5_3_neitherTheKeyNorItsRandomPartIsOnDisk() throws IOException {
        String key;
        try (KeyStore keys = KeyStore.open(home, audit)) {
            key = keys.create("chat", Set.of(Scope.INFERENCE)).secret();
            assertNowhere(key.substring(4));
        }
        assertNowhere(key.substring(4));
    }

    @Test
    void filesAreTheOwnersAlone() throws IOException {
        try (KeyStore keys = KeyStore.open(home, audit)) {
            keys.create("chat", Set.of(Scope.METRICS));
            try (Stream<Path> files = Files.walk(home.root())) {
                for (Path file : files.toList())
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .as("mode of %s", file)
                            .endsWith("------");
            }
        }
    }

    @Test
    void aRevokedKeyIsNobodyAtOnceAndForever() {
        Created created;
        try (KeyStore keys = KeyStore.open(home, audit)) {
            created = keys.create("chat", Set.of(Scope.INFERENCE));
            assertThat(keys.revoke(created.keyId())).isTrue();
            assertThat(keys.authenticate(created.secret())).isEmpty();
            assertThat(keys.revoke(created.keyId())).isFalse();
            assertThat(keys.revoke("key_none")).isFalse();
        }
        try (KeyStore keys = KeyStore.open(home, audit)) {
            assertThat(keys.authenticate(created.secret())).isEmpty();
            assertThat(keys.list())
                    .singleElement()
                    .satisfies(key -> assertThat(key.revokedAt()).isPresent());
        }
    }

    @Test
    void keysAreListedOldestFirst() {
        try (KeyStore keys = KeyStore.open(home, audit)) {
            Created first = keys.create("one", Set.of(Scope.INFERENCE, Scope.METRICS));
            Created second = keys.create("two", Set.of(Scope.METRICS));
            assertThat(keys.list()).extracting(KeyRecord::keyId).containsExactly(first.keyId(), second.keyId());
            assertThat(keys.list().getFirst().scopes()).containsExactlyInAnyOrder(Scope.INFERENCE, Scope.METRICS);
            assertThat(keys.list().getFirst().createdAt())
                    .isBefore(Instant.now().plusSeconds(1));
        }
    }

    @Test
    void anotherProcessSeesChangesWithinASecond() {
        try (KeyStore server = KeyStore.open(home, audit);
                KeyStore command = KeyStore.open(home, audit)) { // connections of their own, as of another process
            Created created = command.create("chat", Set.of(Scope.INFERENCE));
            assertThat(within(
                            Duration.ofSeconds(1),
                            () -> server.authenticate(created.secret()).isPresent()))
                    .isTrue();
            command.revoke(created.keyId());
            assertThat(within(
                            Duration.ofSeconds(1),
                            () -> server.authenticate(created.secret()).isEmpty()))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "default", "Chat", "a b", "-a", "a-", "a/b", "a_b", "ä", "a\n"})
    void R4_1_applicationNamesAreStrict(String name) {
        try (KeyStore keys = KeyStore.open(home, audit)) {
            assertThatIllegalArgumentException().isThrownBy(() -> keys.create(name, Set.of(Scope.INFERENCE)));
            assertThatIllegalArgumentException().isThrownBy(() -> keys.create("a".repeat(64), Set.of(Scope.INFERENCE)));
            assertThatIllegalArgumentException().isThrownBy(() -> keys.create("chat", Set.of()));
            assertThat(keys.list()).isEmpty();
        }
    }

    @Test
    void aDatabaseOfAnotherSecretIsRefused() throws IOException {
        KeyStore.open(home, audit).close();
        Files.delete(home.keySecret());
        assertThatThrownBy(() -> KeyStore.open(home, audit))
                .isInstanceOf(KeyStoreException.class)
                .hasMessageContaining("another key secret");
    }

    @Test
    void aCutSecretIsRefused() throws IOException {
        KeyStore.open(home, audit).close();
        Files.write(home.keySecret(), new byte[31]);
        assertThatThrownBy(() -> KeyStore.open(home, audit))
                .isInstanceOf(KeyStoreException.class)
                .hasMessageContaining("31 bytes");
    }

    @Test
    void printingACreatedKeyDoesNotTellIt() {
        try (KeyStore keys = KeyStore.open(home, audit)) {
            Created created = keys.create("chat", Set.of(Scope.INFERENCE));
            assertThat(created.toString()).doesNotContain(created.secret());
        }
    }

    @Test
    void severalFirstStartsAtOnceAgreeOnOneSecret() throws Exception {
        List<KeyStore> stores = new ArrayList<>();
        try (ExecutorService starts = Executors.newFixedThreadPool(6)) {
            Callable<KeyStore> open = () -> KeyStore.open(home, audit);
            for (Future<KeyStore> opened : starts.invokeAll(Collections.nCopies(6, open))) stores.add(opened.get());
        }
        String key = stores.getFirst().create("chat", Set.of(Scope.INFERENCE)).secret();
        for (KeyStore store : stores) {
            assertThat(within(
                            Duration.ofSeconds(2), () -> store.authenticate(key).isPresent()))
                    .isTrue();
            store.close();
        }
    }

    @Test
    void noAcknowledgedKeyIsLostByKill9() throws Exception {
        List<String> acknowledged = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx64m",
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            classPath(),
                            KeyMaker.class.getName(),
                            home.root().toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                for (int i = 0; i < 5 + 20 * round; i++) acknowledged.add(out.readLine());
                child.toHandle().destroyForcibly(); // in the middle of the next creation
                for (String line = out.readLine(); line != null; line = out.readLine())
                    if (line.length() == 47) acknowledged.add(line); // acknowledged before it died; a cut line is not
            }
            assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
        try (KeyStore keys = KeyStore.open(home, audit)) {
            assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(30);
            for (String key : acknowledged) assertThat(keys.authenticate(key)).isPresent();
        }
    }

    private static String classPath() {
        return String.join(
                File.pathSeparator,
                System.getProperty("jdk.module.path"),
                Path.of("target", "classes").toAbsolutePath().toString(),
                Path.of("target", "test-classes").toAbsolutePath().toString());
    }

    private void assertNowhere(String text) throws IOException {
        try (Stream<Path> files = Files.walk(home.root())) {
            for (Path file : files.filter(Files::isRegularFile).toList())
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as("content of %s", file)
                        .doesNotContain(text);
        }
    }

    private static boolean within(Duration time, BooleanSupplier condition) {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            if (condition.getAsBoolean()) return true;
            LockSupport.parkNanos(10_000_000);
        }
        return condition.getAsBoolean();
    }

    /// The child of the kill test: makes keys until it is killed.
    static final class KeyMaker {
        private KeyMaker() {}

        public static void main(String[] args) {
            Home home = new Home(Path.of(args[0]));
            try (AuditLog audit = AuditLog.open(home);
                    KeyStore keys = KeyStore.open(home, audit)) {
                while (true)
                    System.out.println(
                            keys.create("chat", Set.of(Scope.INFERENCE)).secret());
            }
        }
    }
}

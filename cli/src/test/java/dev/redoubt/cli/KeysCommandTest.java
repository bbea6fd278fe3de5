package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.audit.AuditLog;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeysCommandTest {
    private static final Instant NOON = Instant.parse("2026-06-15T12:00:00Z");

    @TempDir
    Path home;

    @Test
    void aRotationPrintsTheNewKeyAloneAndEndsTheOldOne() {
        String old = run("keys", "create", "--application", "shop", "--scopes", "inference,admin:read")
                .out()
                .strip();
        Ran rotated = run("keys", "rotate", onlyId(), "--overlap", "0");
        assertThat(rotated.exitCode()).isZero();
        String fresh = rotated.out().strip();
        assertThat(fresh).matches("rdt_\\S+").isNotEqualTo(old);
        Home root = new Home(home.toAbsolutePath());
        try (AuditLog audit = AuditLog.open(root);
                KeyStore keys = KeyStore.open(root, audit)) {
            assertThat(keys.authenticate(old)).isEmpty();
            assertThat(keys.authenticate(fresh)).isPresent();
        }
        assertThat(run("keys", "list").out()).contains("admin:read,inference", "expired", "active");
    }

    @Test
    void anOverlapBeyondAWeekIsRefused() {
        run("keys", "create", "--application", "shop");
        assertThat(run("keys", "rotate", onlyId(), "--overlap", "169h").err()).contains("--overlap is 169h", "0 to 7d");
        assertThat(run("keys", "rotate", onlyId(), "--overlap", "168h").exitCode())
                .isZero();
        assertThat(run("keys", "rotate", "key_none").exitCode()).isEqualTo(66);
    }

    @Test
    void aKeyIsDisabledAndEnabled() {
        String key = run("keys", "create", "--application", "shop").out().strip();
        assertThat(run("keys", "disable", onlyId()).err()).contains("is disabled");
        assertThat(run("keys", "disable", onlyId()).exitCode()).isEqualTo(66);
        assertThat(run("keys", "list").out()).contains("disabled 20");
        assertThat(run("keys", "enable", onlyId()).exitCode()).isZero();
        Home root = new Home(home.toAbsolutePath());
        try (AuditLog audit = AuditLog.open(root);
                KeyStore keys = KeyStore.open(root, audit)) {
            assertThat(keys.authenticate(key)).isPresent();
        }
    }

    @Test
    void theListIsJsonForProgramsAndNeverHoldsAKey() {
        String key = run("keys", "create", "--application", "shop", "--expires", "30d")
                .out()
                .strip();
        String json = run("keys", "list", "--json").out();
        assertThat(json)
                .startsWith("[{\"key_id\":\"key_")
                .contains(
                        "\"application\":\"shop\",\"scopes\":[\"inference\"],\"state\":\"active\"",
                        "\"expires_at\":\"20",
                        "\"revoked_at\":null",
                        "\"last_used_at\":null")
                .doesNotContain(key.substring(4));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "30", "d", "-1d", "0", "1y", "1.5h", "2020-01-01", "2027-02-30", "tomorrow", "9999999d"})
    void anEndThatIsNoneIsRefused(String when) {
        Ran ran = run("keys", "create", "--application", "shop", "--expires", when);
        assertThat(ran.exitCode()).as(ran.err()).isEqualTo(64);
        assertThat(run("keys", "list", "--json").out().strip()).isEqualTo("[]");
    }

    @Test
    void anEndIsATimeFromNowOrADate() {
        assertThat(Times.end("--expires", "90m", NOON)).isEqualTo(NOON.plus(Duration.ofMinutes(90)));
        assertThat(Times.end("--expires", "30d", NOON)).isEqualTo(NOON.plus(Duration.ofDays(30)));
        assertThat(Times.end("--expires", "2026-06-16", NOON)).isEqualTo(Instant.parse("2026-06-16T00:00:00Z"));
        assertThatThrownBy(() -> Times.end("--expires", "2026-06-15", NOON)).isInstanceOf(CommandFailure.class);
    }

    private String onlyId() {
        return run("keys", "list")
                .out()
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow()
                .split(" ")[0];
    }

    private Ran run(String... arguments) {
        return Ran.command(home, arguments);
    }
}

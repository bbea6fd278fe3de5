package dev.redoubt.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore.Created;
import dev.redoubt.policy.KeyStore.KeyRecord;
import dev.redoubt.policy.KeyStore.KeyState;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Keys that end: expired, rotated, disabled; and databases from before there was any of that.
final class KeyLifeTest {
    private static final Set<Scope> INFERENCE = Set.of(Scope.INFERENCE);

    @TempDir
    Path folder;

    private final ManualClock clock = new ManualClock();
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
    void aKeyExpiresOnTheMillisecond() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Instant end = clock.now().plus(Duration.ofDays(30));
            Created created = keys.create("shop", INFERENCE, Optional.of(end));
            clock.advance(Duration.ofDays(30).minusMillis(1));
            assertThat(keys.authenticate(created.secret())).isPresent();
            assertThat(only(keys).state(clock.now())).isEqualTo(KeyState.ACTIVE);
            clock.advance(Duration.ofMillis(1));
            assertThat(keys.authenticate(created.secret())).isEmpty();
            assertThat(only(keys).state(clock.now())).isEqualTo(KeyState.EXPIRED);
            assertThat(only(keys).expiresAt()).contains(end);
        }
    }

    @Test
    void aKeyCannotBeBornExpired() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> keys.create("shop", INFERENCE, Optional.of(clock.now())));
            assertThat(keys.list()).isEmpty();
        }
    }

    @Test
    void afterARotationBothKeysAreGoodUntilTheOverlapIsOver() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Created old = keys.create("shop", Set.of(Scope.INFERENCE, Scope.METRICS));
            Created fresh = keys.rotate(old.keyId(), Duration.ofHours(24)).orElseThrow();
            assertThat(keys.authenticate(fresh.secret()))
                    .contains(new Principal(fresh.keyId(), "shop", Set.of(Scope.INFERENCE, Scope.METRICS)));
            clock.advance(Duration.ofHours(24).minusMillis(1));
            assertThat(keys.authenticate(old.secret())).isPresent();
            clock.advance(Duration.ofMillis(1));
            assertThat(keys.authenticate(old.secret())).isEmpty();
            assertThat(keys.authenticate(fresh.secret())).isPresent();
        }
    }

    @Test
    void aRotationNeverMakesALifeLonger() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Instant end = clock.now().plus(Duration.ofDays(10));
            Created old = keys.create("shop", INFERENCE, Optional.of(end));
            clock.advance(Duration.ofDays(9));
            Created fresh = keys.rotate(old.keyId(), Duration.ofDays(7)).orElseThrow();
            assertThat(record(keys, old).expiresAt()).contains(end);
            assertThat(record(keys, fresh).expiresAt()).contains(clock.now().plus(Duration.ofDays(10)));
        }
    }

    @Test
    void onlyAnActiveKeyIsRotated() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Created revoked = keys.create("shop", INFERENCE);
            keys.revoke(revoked.keyId());
            Created disabled = keys.create("shop", INFERENCE);
            keys.disable(disabled.keyId());
            Created expired =
                    keys.create("shop", INFERENCE, Optional.of(clock.now().plusSeconds(1)));
            clock.advance(Duration.ofSeconds(1));
            for (String id : List.of(revoked.keyId(), disabled.keyId(), expired.keyId(), "key_none"))
                assertThat(keys.rotate(id, Duration.ZERO)).as(id).isEmpty();
            assertThat(keys.list()).hasSize(3);
        }
    }

    @Test
    void anOverlapIsAWeekAtMost() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Created old = keys.create("shop", INFERENCE);
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> keys.rotate(old.keyId(), Duration.ofDays(7).plusNanos(1)));
            assertThatIllegalArgumentException().isThrownBy(() -> keys.rotate(old.keyId(), Duration.ofNanos(-1)));
            assertThat(keys.rotate(old.keyId(), Duration.ofDays(7))).isPresent();
        }
    }

    @Test
    void aDisabledKeyIsNobodyUntilItIsEnabled() {
        Created created;
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            created = keys.create("shop", INFERENCE);
            assertThat(keys.enable(created.keyId())).isFalse();
            assertThat(keys.disable(created.keyId())).isTrue();
            assertThat(keys.disable(created.keyId())).isFalse();
            assertThat(keys.authenticate(created.secret())).isEmpty();
        }
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            assertThat(keys.authenticate(created.secret())).isEmpty();
            assertThat(only(keys).state(clock.now())).isEqualTo(KeyState.DISABLED);
            assertThat(keys.enable(created.keyId())).isTrue();
            assertThat(keys.authenticate(created.secret())).isPresent();
            keys.revoke(created.keyId());
            assertThat(keys.disable(created.keyId())).isFalse();
            assertThat(keys.enable(created.keyId())).isFalse();
        }
    }

    @Test
    void R4_3_aKeyOfAnotherApplicationIsNobody() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Created created = keys.create("shop", INFERENCE);
            assertThat(keys.authenticate(created.secret(), "shop"::equals)).isPresent();
            assertThat(keys.authenticate(created.secret(), "bank"::equals)).isEmpty();
        }
    }

    @Test
    void R4_3_whetherAnApplicationIsServedIsAskedWhateverIsPresented() {
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            Created revoked = keys.create("shop", INFERENCE);
            keys.revoke(revoked.keyId());
            for (String presented : List.of(revoked.secret(), "rdt_" + "A".repeat(43), "", "x".repeat(1000))) {
                int[] asked = {0};
                keys.authenticate(presented, application -> ++asked[0] > 0);
                assertThat(asked[0]).as(presented).isEqualTo(1);
            }
        }
    }

    @Test
    void theTimeOfLastUseIsWrittenOnceAMinuteAndAtTheEnd() {
        Created created;
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            created = keys.create("shop", INFERENCE);
            keys.authenticate(created.secret());
            Instant first = clock.now();
            await(() -> only(keys).lastUsedAt().equals(Optional.of(first)));
            clock.advance(Duration.ofSeconds(59));
            keys.authenticate(created.secret());
            LockSupport.parkNanos(600_000_000); // two ticks of the watch
            assertThat(only(keys).lastUsedAt()).contains(first);
            clock.advance(Duration.ofSeconds(1));
            keys.authenticate(created.secret());
            await(() -> only(keys).lastUsedAt().equals(Optional.of(first.plusSeconds(60))));
            clock.advance(Duration.ofSeconds(5));
            keys.authenticate(created.secret());
        }
        try (KeyStore keys = KeyStore.open(home, audit, clock)) {
            assertThat(only(keys).lastUsedAt()).contains(clock.now());
            keys.authenticate("rdt_" + "A".repeat(43));
            assertThat(record(keys, created).lastUsedAt()).contains(clock.now());
        }
    }

    @Test
    void aDatabaseOfSchema1IsTakenOver() throws IOException {
        DurableFiles.privateDirectory(home.root());
        for (String name : List.of("redoubt.db", "key-secret"))
            Files.copy(
                    Path.of("src", "test", "resources", "schema-1", name),
                    home.root().resolve(name));
        String active = "rdt_aNgPNjaGavncG0dbw8nmzm0z1FL8O0yKgTDnFkCtgJE";
        String revoked = "rdt_1Cv7P3Vfycccas1UjwpzS5z0S2dnBk-9n4XQ2XS2Ono";
        for (int start = 0; start < 2; start++) {
            try (KeyStore keys = KeyStore.open(home, audit)) {
                assertThat(keys.authenticate(active))
                        .contains(
                                new Principal("key_eeff1b493aa59822", "shop", Set.of(Scope.INFERENCE, Scope.METRICS)));
                assertThat(keys.authenticate(revoked)).isEmpty();
                assertThat(keys.list()).hasSize(2);
                KeyRecord first = keys.list().getFirst();
                assertThat(first.expiresAt()).isEmpty();
                assertThat(first.disabledAt()).isEmpty();
                assertThat(first.createdAt()).isEqualTo(Instant.ofEpochMilli(1795582279704L));
            }
        }
        try (KeyStore keys = KeyStore.open(home, audit)) {
            assertThat(keys.rotate("key_eeff1b493aa59822", Duration.ZERO)).isPresent();
            assertThat(keys.authenticate(active)).isEmpty();
        }
    }

    private static KeyRecord only(KeyStore keys) {
        assertThat(keys.list()).hasSize(1);
        return keys.list().getFirst();
    }

    private static KeyRecord record(KeyStore keys, Created created) {
        return keys.list().stream()
                .filter(key -> key.keyId().equals(created.keyId()))
                .findFirst()
                .orElseThrow();
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < end) LockSupport.parkNanos(10_000_000);
        assertThat(condition.getAsBoolean()).isTrue();
    }
}

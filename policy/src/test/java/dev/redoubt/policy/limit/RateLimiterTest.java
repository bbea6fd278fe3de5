package dev.redoubt.policy.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.RateLimiter.Lease;
import dev.redoubt.policy.limit.RateLimiter.Quota;
import dev.redoubt.testkit.ManualClock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RateLimiterTest {
    private static final Duration NANO = Duration.ofNanos(1);

    @TempDir
    Path folder;

    private final ManualClock clock = new ManualClock();
    private final List<RateLimiter> opened = new ArrayList<>();

    @AfterEach
    void close() {
        opened.forEach(RateLimiter::close);
    }

    @Test
    void theDefaultsAreTheRules() {
        assertThat(RateLimits.DEFAULT).isEqualTo(new RateLimits(60, 245_760, 16, 64, 1000, 600, 600));
        assertThatIllegalArgumentException().isThrownBy(() -> new RateLimits(0, 1, 1, 1, 1, 1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new RateLimits(100_001, 1, 1, 1, 1, 1, 1));
    }

    @Test
    void V3_4_sixtyRequestsAreAdmittedAndTheNextIsToldTheExactWait() {
        RateLimiter limiter = open(RateLimits.DEFAULT);
        Principal caller = caller(1);
        for (int i = 0; i < 60; i++) {
            limiter.admit(caller).close();
            clock.advance(Duration.ofMillis(500));
        }
        assertThat(refused(() -> limiter.admit(caller))).isEqualTo(Duration.ofSeconds(30));
        clock.advance(Duration.ofSeconds(30).minus(NANO));
        assertThat(refused(() -> limiter.admit(caller))).isEqualTo(NANO);
        clock.advance(NANO);
        limiter.admit(caller).close(); // the first one is exactly 60 s ago
        assertThat(refused(() -> limiter.admit(caller))).isEqualTo(Duration.ofMillis(500));
    }

    @Test
    void V3_4_aRefusedRequestDoesNotCount() {
        RateLimiter limiter = open(limits(2, 1000, 16));
        limiter.admit(caller(1)).close();
        limiter.admit(caller(1)).close();
        for (int i = 0; i < 100; i++) refused(() -> limiter.admit(caller(1)));
        clock.advance(Duration.ofSeconds(60));
        limiter.admit(caller(1)).close();
        limiter.admit(caller(1)).close();
    }

    @Test
    void V3_4_keysHaveWindowsOfTheirOwn() {
        RateLimiter limiter = open(limits(1, 1000, 16));
        limiter.admit(caller(1)).close();
        limiter.admit(caller(2)).close();
        refused(() -> limiter.admit(caller(1)));
    }

    @Test
    void V3_4_aMessageNamesTheLimitAndTheWait() {
        RateLimiter limiter = open(limits(1, 1000, 16));
        limiter.admit(caller(1)).close();
        clock.advance(Duration.ofMillis(250));
        ServeException refusal = refusal(() -> limiter.admit(caller(1)));
        assertThat(refusal.code()).isEqualTo(ErrorCode.RATE_LIMIT_EXCEEDED);
        assertThat(refusal).hasMessage("the limit of 1 requests per minute is reached: retry in 59.75 s");
    }

    @Test
    void V3_4_tokensAreReservedAndGivenBack() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        Lease first = limiter.admit(caller(1));
        first.reserve(1000);
        clock.advance(Duration.ofSeconds(1));
        Lease second = limiter.admit(caller(1));
        assertThat(refused(() -> second.reserve(1))).isEqualTo(Duration.ofSeconds(59));
        first.use(400);
        assertThat(refused(() -> second.reserve(601))).isEqualTo(Duration.ofSeconds(59));
        second.reserve(600);
        first.close();
        first.use(0); // over is over
        assertThat(quota(limiter).tokensRemaining()).isZero();
        clock.advance(Duration.ofSeconds(59).minus(NANO));
        assertThat(quota(limiter).tokensRemaining()).isZero();
        clock.advance(NANO);
        assertThat(quota(limiter).tokensRemaining())
                .as("the first has left the window")
                .isEqualTo(400);
        second.close();
    }

    @Test
    void V3_4_whatAModelTakesInsideARequestIsTheSameKeys() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        try (Lease request = limiter.admit(caller(1))) {
            RateLimiter.Tokens inner = limiter.tokens(caller(1).keyId());
            inner.reserve(900);
            inner.use(20);
            inner.close();
            inner.use(0); // over is over
            assertThat(quota(limiter).tokensRemaining()).isEqualTo(980);
            RateLimiter.Tokens second = limiter.tokens(caller(1).keyId());
            assertThat(refused(() -> second.reserve(981))).isEqualTo(Duration.ofSeconds(60));
            second.reserve(980);
            assertThat(refused(() -> request.reserve(1))).isEqualTo(Duration.ofSeconds(60));
        }
    }

    @Test
    void V3_4_moreTokensThanThereWillEverBeAreTheCallersFault() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        try (Lease lease = limiter.admit(caller(1))) {
            assertThat(refusal(() -> lease.reserve(1001)).code()).isEqualTo(ErrorCode.REQUEST_OVER_TOKEN_LIMIT);
            lease.reserve(1000);
        }
    }

    @Test
    void V3_4_whatTurnsOutToBeMoreIsTakenFromWhatComes() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        try (Lease first = limiter.admit(caller(1))) {
            first.reserve(900);
            first.use(1100); // a chat template that nobody could count before
        }
        assertThat(quota(limiter).tokensRemaining()).isZero();
        try (Lease second = limiter.admit(caller(1))) {
            assertThat(refused(() -> second.reserve(1))).isEqualTo(Duration.ofSeconds(60));
        }
    }

    @Test
    void V3_4_streamsOfAKeyAreBoundedAndReleasedOnce() {
        RateLimiter limiter = open(limits(60, 1000, 2));
        Lease first = limiter.admit(caller(1));
        Lease second = limiter.admit(caller(1));
        assertThat(refusal(() -> limiter.admit(caller(1))))
                .hasMessageContaining("2 requests of a key at once")
                .satisfies(refusal -> assertThat(refusal.retryAfter()).isEmpty());
        first.close();
        first.close();
        Lease third = limiter.admit(caller(1));
        refusal(() -> limiter.admit(caller(1)));
        second.close();
        third.close();
        assertThat(limiter.ongoing()).isZero();
    }

    @Test
    void V3_4_streamsOfATenantAreBoundedOverAllItsKeys() {
        RateLimiter limiter = open(new RateLimits(60, 1000, 16, 3, 100, 600, 600));
        List<Lease> leases = new ArrayList<>();
        for (int key = 1; key <= 3; key++) leases.add(limiter.admit(caller(key)));
        assertThat(refusal(() -> limiter.admit(caller(4)))).hasMessageContaining("3 requests of an application");
        assertThat(limiter.quota(caller(4)).orElseThrow().requestsRemaining()).isEqualTo(60);
        limiter.admit(new Principal(id(5), "other", Set.of(Scope.INFERENCE))).close();
        leases.forEach(Lease::close);
        limiter.admit(caller(4)).close();
    }

    @Test
    void R1_1_request101IsRefusedWhateverItsKey() {
        RateLimiter limiter = open(new RateLimits(60, 1000, 16, 64, 100, 600, 600));
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < 100; i++)
            leases.add(limiter.admit(new Principal(id(i + 1), "tenant-" + i % 5, Set.of(Scope.INFERENCE))));
        ServeException refusal = refusal(() -> limiter.admit(new Principal(id(200), "new", Set.of(Scope.INFERENCE))));
        assertThat(refusal.code()).isEqualTo(ErrorCode.OVERLOADED);
        leases.removeLast().close();
        limiter.admit(new Principal(id(200), "new", Set.of(Scope.INFERENCE))).close();
        leases.forEach(Lease::close);
        assertThat(limiter.ongoing()).isZero();
    }

    @Test
    void readsHaveALimitOfTheirOwn() {
        RateLimiter limiter = open(new RateLimits(1, 1000, 16, 64, 100, 3, 600));
        for (int i = 0; i < 3; i++) limiter.read(caller(1));
        assertThat(refused(() -> limiter.read(caller(1)))).isEqualTo(Duration.ofSeconds(60));
        limiter.admit(caller(1)).close();
        clock.advance(Duration.ofSeconds(60));
        limiter.read(caller(1));
    }

    @Test
    void whatIsLeftIsToldExactly() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        assertThat(limiter.quota(caller(1))).as("nothing is known").isEmpty();
        Lease lease = limiter.admit(caller(1));
        clock.advance(Duration.ofSeconds(10));
        lease.reserve(300);
        assertThat(limiter.quota(caller(1)).orElseThrow())
                .isEqualTo(new Quota(60, 59, Duration.ofSeconds(50), 1000, 700, Duration.ofSeconds(60)));
        lease.use(0);
        assertThat(limiter.quota(caller(1)).orElseThrow().tokensReset()).isZero();
        lease.close();
    }

    @Test
    void idleKeysAreForgottenAndBusyOnesAreNot() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        Lease busy = limiter.admit(caller(1));
        for (int key = 2; key <= 1000; key++) limiter.admit(caller(key)).close();
        assertThat(limiter.knownKeys()).isEqualTo(1000);
        clock.advance(Duration.ofSeconds(60));
        limiter.admit(caller(5000)).close();
        assertThat(limiter.knownKeys()).isEqualTo(2);
        busy.close();
    }

    @Test
    void moreKeysThanThereIsRoomForAreRefusedAndNoneIsForgotten() {
        RateLimiter limiter = open(limits(60, 1000, 16));
        int room = WindowFile.slotCount(60);
        for (int key = 1; key <= room; key++) limiter.admit(caller(key)).close();
        assertThat(refusal(() -> limiter.admit(caller(room + 1))).code()).isEqualTo(ErrorCode.OVERLOADED);
        assertThat(limiter.quota(caller(1)).orElseThrow().requestsRemaining()).isEqualTo(59);
        clock.advance(Duration.ofSeconds(60));
        limiter.admit(caller(room + 1)).close();
    }

    @Test
    void thereIsRoomForTwoThousandKeysWhereTenTimesAsMuchIsAllowed() {
        assertThat(WindowFile.slotCount(60)).isEqualTo(2048);
        assertThat(WindowFile.slotCount(600)).isEqualTo(2048);
        assertThat(WindowFile.slotCount(100_000)).isEqualTo(64);
    }

    @Test
    void V3_4_aKeyTakesAtMost64KiBAt60PerMinute() {
        long readsRing = RateLimits.DEFAULT.readsPerMinute() * 8L;
        assertThat(WindowFile.slotLongs(60) * 8 + readsRing).isLessThan(16 * 1024);
    }

    @Test
    void V3_4_manyThreadsOfOneKeyGetExactlySixty() throws InterruptedException {
        RateLimiter limiter = open(new RateLimits(60, 1000, 1000, 1000, 1000, 600, 600));
        AtomicInteger admitted = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 8; t++)
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    return;
                }
                for (int i = 0; i < 100; i++) if (admitted(limiter)) admitted.incrementAndGet();
            }));
        start.countDown();
        for (Thread thread : threads) thread.join();
        assertThat(admitted).hasValue(60);
        assertThat(limiter.ongoing()).isZero();
    }

    private static boolean admitted(RateLimiter limiter) {
        try {
            limiter.admit(caller(1)).close();
            return true;
        } catch (ServeException refused) {
            return false;
        }
    }

    private RateLimiter open(RateLimits limits) {
        RateLimiter limiter = RateLimiter.open(folder.resolve("windows"), limits, clock);
        opened.add(limiter);
        return limiter;
    }

    private static RateLimits limits(int requests, int tokens, int streams) {
        return new RateLimits(requests, tokens, streams, 1000, 1000, 600, 600);
    }

    static Principal caller(int number) {
        return new Principal(id(number), "shop", Set.of(Scope.INFERENCE));
    }

    private static String id(int number) {
        return "key_%016x".formatted(number);
    }

    private Quota quota(RateLimiter limiter) {
        return limiter.quota(caller(1)).orElseThrow();
    }

    static ServeException refusal(ThrowingCallable action) {
        ServeException refusal = catchThrowableOfType(ServeException.class, action);
        assertThat(refusal).as("it was taken").isNotNull();
        return refusal;
    }

    static Duration refused(ThrowingCallable action) {
        return refusal(action).retryAfter().orElseThrow();
    }
}

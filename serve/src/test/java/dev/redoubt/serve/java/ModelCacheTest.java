package dev.redoubt.serve.java;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Multiplexed;
import dev.redoubt.serve.MultiplexedHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ModelCacheTest {
    private static final JavaServant.Place PLACE = new JavaServant.Place("shop/Test", "Test-1");

    record Word(String word) {}

    private static final class Model implements AutoCloseable {
        final String id;
        volatile boolean closed;

        Model(String id) {
            this.id = id;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    static final AtomicInteger LOADS = new AtomicInteger();

    @Multiplexed(maxModels = 2)
    public static final class Many implements MultiplexedHandler<Word, Word, String> {
        @Override
        public String load(String modelId) {
            LOADS.incrementAndGet();
            return modelId + ":";
        }

        @Override
        public Word handle(Word input, String model) {
            return new Word(model + input.word());
        }
    }

    @Test
    void aCallIsAnsweredByTheModelItNames() throws Exception {
        LOADS.set(0);
        try (var replica = new Replica(Many.class)) {
            Call call = Replica.call();
            String input = "{\"word\":\"w\"}";
            assertThat(replica.send(input, call.of("a")).value()).isEqualTo(new Word("a:w"));
            assertThat(replica.send(input, call.of("b")).value()).isEqualTo(new Word("b:w"));
            assertThat(replica.send(input, call.of("a")).value()).isEqualTo(new Word("a:w"));
            assertThat(LOADS).hasValue(2);
            assertThat(replica.send(input, call.of("c")).value()).isEqualTo(new Word("c:w"));
            assertThat(replica.send(input, call.of("a")).value()).isEqualTo(new Word("a:w"));
            assertThat(LOADS).as("b went, it was used longest ago").hasValue(3);
            assertThat(replica.send(input, call).failure().code()).isEqualTo(ErrorCode.MISSING_FIELD);
            assertThat(replica.send(input, call).failure()).hasMessageContaining("X-Model-Id");
        }
    }

    @Test
    void callsThatComeAtOnceLoadOnce() throws Exception {
        var loads = new AtomicInteger();
        var go = new CountDownLatch(1);
        var cache = new ModelCache(
                id -> {
                    loads.incrementAndGet();
                    go.await();
                    return new Model(id);
                },
                2,
                PLACE);
        List<Object> models = new CopyOnWriteArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++)
            threads.add(Thread.ofVirtual().start(() -> {
                try (var lease = cache.lease("a")) {
                    models.add(lease.model());
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }));
        threads.getFirst().interrupt(); // whoever asked first leaves: the others' model comes all the same
        threads.getFirst().join();
        go.countDown();
        for (Thread thread : threads) thread.join();
        assertThat(loads).hasValue(1);
        assertThat(models).hasSize(7).containsOnly(models.getFirst());
        cache.close();
    }

    @Test
    void anEvictedModelIsClosedAfterItsLastCall() throws Exception {
        var cache = new ModelCache(Model::new, 1, PLACE);
        ModelCache.Lease first = cache.lease("a");
        ModelCache.Lease second = cache.lease("a");
        Model a = (Model) first.model();
        ModelCache.Lease other = cache.lease("b");
        first.close();
        assertThat(a.closed).isFalse();
        second.close();
        assertThat(a.closed).isTrue();
        Model b = (Model) other.model();
        cache.close();
        assertThat(b.closed).isFalse();
        other.close();
        assertThat(b.closed).isTrue();
    }

    @Test
    void aModelThatFailsToLoadIsTriedAgain() throws Exception {
        var loads = new AtomicInteger();
        var cache = new ModelCache(
                id -> {
                    if (loads.incrementAndGet() == 1) throw new IllegalStateException("first");
                    return new Model(id);
                },
                1,
                PLACE);
        assertThatThrownBy(() -> cache.lease("a")).isInstanceOf(IllegalStateException.class);
        try (var lease = cache.lease("a")) {
            assertThat(((Model) lease.model()).id).isEqualTo("a");
        }
        cache.close();
    }
}

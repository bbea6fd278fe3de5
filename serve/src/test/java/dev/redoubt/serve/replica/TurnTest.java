package dev.redoubt.serve.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class TurnTest {
    private final List<String> done = new ArrayList<>();
    private final Runnable first = doing("first");
    private final Runnable second = doing("second");

    private Runnable doing(String what) {
        return () -> done.add(what);
    }

    @Test
    void whereThereIsNoTurnNothingIsPutOff() throws Exception {
        Turn.atEnd(first);
        Turn.atEnd(first);
        assertThat(done).containsExactly("first", "first");
        Thread.ofVirtual().start(() -> Turn.atEnd(second)).join();
        assertThat(done).containsExactly("first", "first", "second");
    }

    @Test
    void whatIsPutOffIsDoneOnceWhenTheThreadHasDoneWhatIsAtHand() {
        Deque<Runnable> loop = new ArrayDeque<>();
        for (int request = 0; request < 3; request++) {
            Turn.begin(loop::add);
            Turn.atEnd(first);
            Turn.atEnd(second);
        }
        assertThat(done).isEmpty();
        assertThat(loop).hasSize(1);
        loop.removeFirst().run();
        assertThat(done).containsExactly("first", "second");
        Turn.atEnd(first);
        assertThat(done).as("the turn is over").hasSize(3);
    }

    @Test
    void oneTurnFollowsTheOther() {
        Turn.during(() -> {
            Turn.atEnd(first);
            Turn.next();
            assertThat(done).containsExactly("first");
            Turn.atEnd(first);
            Turn.atEnd(second);
        });
        assertThat(done).containsExactly("first", "first", "second");
    }

    @Test
    void whatIsPutOffIsDoneWhateverHappens() {
        Turn.Turns<IllegalStateException> broken = () -> {
            Turn.atEnd(first);
            throw new IllegalStateException("broken");
        };
        assertThatThrownBy(() -> Turn.during(broken)).isInstanceOf(IllegalStateException.class);
        assertThat(done).containsExactly("first");
    }

    @Test
    void aLoopThatTakesNothingMorePutsNothingOff() {
        Turn.begin(task -> {
            throw new RejectedExecutionException("closed");
        });
        Turn.atEnd(first);
        assertThat(done).containsExactly("first");
    }
}

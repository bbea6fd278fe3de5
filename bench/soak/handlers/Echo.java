package soak;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.Reconfigurable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Answers what it is given, after a while; fails where it is told to, and refuses one configuration.
@Deployment(name = "Echo", maxOngoingRequests = 16, cpus = 0.2, memoryMiB = 128)
public final class Echo implements Handler<Echo.In, Echo.In>, Reconfigurable<Echo.Greeting> {
    public record In(String text, int millis) {}

    public record Greeting(String word) {}

    @Override
    public void reconfigure(Greeting greeting) {
        if (greeting.word().equals("bad")) throw new IllegalArgumentException("not this word");
    }

    @Override
    public In handle(In input) {
        if (input.text().equals("fail")) throw new IllegalStateException("as told");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(input.millis()));
        return input;
    }
}

package dev.redoubt.serve.control;

import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.scale.ScalingContext;
import dev.redoubt.serve.scale.ScalingPolicy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks a policy without waiting for it: on a thread of its own, one question at a time. Until it has answered,
/// the number stays as it is. The controller's thread owns it.
final class PolicyRunner {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyRunner.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final String name;
    private final ScalingPolicy policy;
    private @Nullable Question out;

    /// @param answer empty until there is one
    private record Question(long askedNanos, int replicas, AtomicReference<@Nullable Integer> answer, Thread thread) {}

    PolicyRunner(String name, ScalingPolicy policy) {
        this.name = name;
        this.policy = policy;
    }

    int desired(long now, ScalingContext context) {
        if (policy instanceof OngoingPolicy formula) return formula.desired(context); // arithmetic, ours
        Question asked = out;
        if (asked == null) {
            out = ask(now, context);
            return context.replicas();
        }
        Integer answer = asked.answer.get();
        if (answer == null) {
            if (now - asked.askedNanos >= TIMEOUT.toNanos() && !asked.thread.isInterrupted()) {
                LOG.warn("scaling policy of {} has not answered within {} s", name, TIMEOUT.toSeconds());
                asked.thread.interrupt();
            }
            if (!asked.thread.isAlive()) out = null; // it failed: asked again at the next look
            return context.replicas();
        }
        out = ask(now, context);
        return asked.replicas == context.replicas() ? answer : context.replicas(); // to an old question
    }

    private Question ask(long now, ScalingContext context) {
        AtomicReference<@Nullable Integer> answer = new AtomicReference<>();
        Thread thread = Thread.ofPlatform()
                .daemon()
                .name("scaling-policy-" + name)
                .start(() -> {
                    try {
                        answer.set(policy.desired(context));
                    } catch (Exception e) {
                        LOG.warn(
                                "scaling policy of {} failed: {}",
                                name,
                                e.getClass().getName());
                    }
                });
        return new Question(now, context.replicas(), answer, thread);
    }
}

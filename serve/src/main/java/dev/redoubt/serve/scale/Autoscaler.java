package dev.redoubt.serve.scale;

import dev.redoubt.serve.spec.Autoscaling;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;

/// Decides how many replicas one deployment has (R2). Not safe for several threads: the controller owns it.
///
/// A wish for more or fewer counts only when it has lasted: by the clock, since the first look that wished it,
/// however seldom anybody looked. A wish in the other direction, or for no change, begins anew. Two things are
/// never delayed: the first replica for a call that waits, and what a bound takes away.
public final class Autoscaler {
    /* The mean needs no list of changes: the router sums up ongoing calls over time, and the mean of a window is the difference of two
     * sums by its length. Samples are kept a hundredth of the window apart, so the window is that much too long at most. */
    private static final int SAMPLES = 100;

    private enum Wish {
        NONE,
        UP,
        DOWN
    }

    private record Sample(long nanos, double ongoingSeconds) {}

    private final Autoscaling rules;
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private double mean;
    private Wish wish = Wish.NONE;
    private long wishedSince;

    public Autoscaler(Autoscaling rules) {
        this.rules = rules;
    }

    public Autoscaling rules() {
        return rules;
    }

    /// Takes a reading of the router.
    ///
    /// @param ongoingSeconds ongoing calls summed up over time, as [dev.redoubt.serve.route.RouterLoad] has it
    /// @param replicas how many are wanted now
    /// @param roomFor how many the machine and the quota have room for (R2.2)
    public ScalingContext observe(long nowNanos, double ongoingSeconds, int ongoing, int replicas, int roomFor) {
        long window = rules.lookBack().toNanos();
        while (samples.size() >= 2 && nowNanos - second().nanos >= window) samples.removeFirst();
        if (!samples.isEmpty() && nowNanos - samples.getFirst().nanos > 0) {
            Sample from = samples.getFirst();
            mean = (ongoingSeconds - from.ongoingSeconds) / ((nowNanos - from.nanos) / 1e9);
        } else mean = ongoing;
        if (samples.isEmpty() || nowNanos - samples.getLast().nanos >= window / SAMPLES)
            samples.addLast(new Sample(nowNanos, ongoingSeconds));
        return new ScalingContext(replicas, mean, ongoing, Math.min(roomFor, rules.replicasMax()), rules);
    }

    private Sample second() {
        var at = samples.iterator();
        at.next();
        return Objects.requireNonNull(at.next());
    }

    /// @param desired what the policy said to this context
    /// @return how many are wanted from now on
    public int decide(long nowNanos, ScalingContext context, int desired) {
        int current = context.replicas();
        if (current == 0 && (context.ongoing() > 0 || rules.replicasMin() > 0)) return fromZero(context);
        int wanted = bounded(context, desired);
        Wish now = wanted > current ? Wish.UP : wanted < current ? Wish.DOWN : Wish.NONE;
        if (current > context.replicasMax()) { // a bound has come down: not a wish
            wish = Wish.NONE;
            return context.replicasMax();
        }
        if (now != wish) {
            wish = now;
            wishedSince = nowNanos;
        }
        if (now == Wish.NONE || nowNanos - wishedSince < delay(wanted).toNanos()) return current;
        wish = Wish.NONE;
        return wanted;
    }

    private int fromZero(ScalingContext context) {
        wish = Wish.NONE;
        return Math.min(Math.max(rules.replicasMin(), 1), context.replicasMax());
    }

    /// Within bounds; and only the last one, with nothing in progress, may go for good.
    private int bounded(ScalingContext context, int desired) {
        int least = context.replicas() <= 1 && context.ongoing() == 0 ? 0 : 1;
        return Math.min(Math.max(desired, Math.max(least, rules.replicasMin())), context.replicasMax());
    }

    private Duration delay(int wanted) {
        if (wish == Wish.UP) return rules.upscaleDelay();
        return wanted == 0 ? rules.downscaleToZeroDelay() : rules.downscaleDelay();
    }
}

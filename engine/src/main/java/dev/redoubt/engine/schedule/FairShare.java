package dev.redoubt.engine.schedule;

import dev.redoubt.base.Invariant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whose turn it is among waiting sequences: the tenant that was served least, and inside a tenant the one that
/// came first.
///
/// @param <T> sequences, or texts to embed: those have a prompt and generate nothing
public final class FairShare<T extends Waiting> {
    /* Virtual token counter (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024)
     * ---------------------------------------------------------------------------------------------
     * counter(t)  what tenant t was served: 1 per prompt token, charged when a sequence is admitted and only for tokens that
     *             are computed for the first time; 2 per generated token, charged when it is appended. Hits of the prefix cache
     *             and recomputation after a preemption cost nothing, a cancelled prefill is not given back. Never falls.
     * floor       the largest value that the least counter of all waiting tenants ever had. Never falls.
     * turn        the waiting tenant with the least counter; nobody passes a head that does not fit.
     * lift        a tenant that had nothing waiting enters with max(counter, floor): idle time earns no credit.
     *
     * Bound. Let S = sequencesMax, P = contextTokensMax, O = outputTokensMax, and U = 1·P + 2·S·O. Then always
     *
     *     floor ≤ counter(t)       for every waiting tenant t      (1)
     *     counter(t) ≤ floor + U   for every tenant t              (2)
     *
     * (1) holds on entry by the lift; afterwards the floor only rises to the least counter of the waiting ones, and counters do
     * not fall. (2): when t last got a turn its counter was the least one, so at most the floor. Since then it was charged at
     * most one prompt, that of the admitted sequence (P), and the output of sequences of t that ran then: at most S of them,
     * each at most O tokens in its life. None of t's sequences was admitted later, and one that was preempted cannot generate
     * without another turn. A lift sets the counter to the floor itself.
     * So for two tenants that wait without a break from t1 to t2 (no lift in between), the services W they get differ by
     *
     *     |W(f) - W(g)| ≤ |c(f) - c(g)| at t2 + |c(f) - c(g)| at t1 ≤ 2·U
     *
     * which is what RULES V3.6 asks for; (1) and (2) are asserted before every turn.
     *
     * Forgetting: a tenant with nothing waiting or running and a counter of at most the floor would be lifted to the floor when
     * it comes back; so would an unknown one. So its entry is dropped, and the map stays as small as the set of active tenants. */
    private static final int PROMPT_WEIGHT = 1;
    private static final int OUTPUT_WEIGHT = 2;

    private final Map<String, Tenant<T>> tenants =
            new LinkedHashMap<>(); // in order of first arrival, so that runs repeat
    private final long spreadBound;
    private long floor;
    private int waiting;
    private long spreadMax;

    private static final class Tenant<T> {
        final Deque<T> waiting = new ArrayDeque<>();
        long counter;
        int running;

        boolean idle() {
            return waiting.isEmpty() && running == 0;
        }
    }

    /// @param spreadBound U above
    public FairShare(long spreadBound) {
        this.spreadBound = spreadBound;
    }

    /// U above.
    static long spreadBound(SchedulerLimits limits) {
        return (long) PROMPT_WEIGHT * limits.contextTokensMax()
                + (long) OUTPUT_WEIGHT * limits.sequencesMax() * limits.outputTokensMax();
    }

    /// Waiting sequences of all tenants.
    public int waiting() {
        return waiting;
    }

    /// The largest difference between the counters of two waiting tenants that was ever seen.
    long spreadMax() {
        return spreadMax;
    }

    /// What a tenant was served, with every lift; 0 if it is unknown.
    long counter(String name) {
        Tenant<T> tenant = tenants.get(name);
        return tenant == null ? 0 : tenant.counter;
    }

    boolean isWaiting(String name) {
        Tenant<T> tenant = tenants.get(name);
        return tenant != null && !tenant.waiting.isEmpty();
    }

    public void enqueueLast(T sequence) {
        entered(sequence).waiting.addLast(sequence);
    }

    void enqueueFirst(T sequence) {
        entered(sequence).waiting.addFirst(sequence);
    }

    /// The sequence whose turn it is; null if none waits. Raises the floor and asserts the bound.
    public @Nullable T head() {
        if (waiting == 0) return null;
        Tenant<T> least = null;
        long most = 0;
        for (Tenant<T> tenant : tenants.values()) {
            if (tenant.waiting.isEmpty()) continue;
            most = Math.max(most, tenant.counter);
            if (least == null || before(tenant, least)) least = tenant;
        }
        if (least == null) return null;
        Invariant.hold(least.counter >= floor, "a waiting tenant's counter %d is below %d", least.counter, floor);
        floor = least.counter;
        spreadMax = Math.max(spreadMax, most - floor);
        Invariant.hold(most - floor <= spreadBound, "fair shares drifted apart by %d > %d", most - floor, spreadBound);
        return least.waiting.peekFirst();
    }

    /// The head got its turn.
    ///
    /// @param promptTokens to charge
    public void admitted(T sequence, int promptTokens) {
        Tenant<T> tenant = of(sequence);
        T first = tenant.waiting.pollFirst();
        Invariant.hold(first != null && first.id() == sequence.id(), "sequence %d was not at the head", sequence.id());
        waiting--;
        tenant.running++;
        tenant.counter += (long) PROMPT_WEIGHT * promptTokens;
    }

    /// A running sequence generated a token.
    void generated(T sequence) {
        of(sequence).counter += OUTPUT_WEIGHT;
    }

    /// A running sequence ended or was preempted.
    public void stoppedRunning(T sequence) {
        of(sequence).running--;
    }

    /// A waiting sequence ended.
    public void leave(T sequence) {
        Invariant.hold(of(sequence).waiting.remove(sequence), "sequence %d was not waiting", sequence.id());
        waiting--;
    }

    /// Forgets everything.
    public void reset() {
        tenants.clear();
        waiting = 0;
        floor = 0;
    }

    public void verify() {
        int found = 0;
        for (Tenant<T> tenant : tenants.values()) {
            found += tenant.waiting.size();
            Invariant.hold(tenant.running >= 0, "a tenant runs %d sequences", tenant.running);
            Invariant.hold(tenant.counter - floor <= spreadBound, "counter %d, floor %d", tenant.counter, floor);
            Invariant.hold(
                    tenant.waiting.isEmpty() || tenant.counter >= floor, "counter %d, floor %d", tenant.counter, floor);
        }
        Invariant.hold(found == waiting, "%d sequences wait, %d are counted", found, waiting);
    }

    private Tenant<T> entered(T sequence) {
        Tenant<T> tenant = tenants.get(sequence.tenant());
        if (tenant == null) {
            tenants.values().removeIf(known -> known.idle() && known.counter <= floor);
            tenant = new Tenant<>();
            tenants.put(sequence.tenant(), tenant);
        }
        if (tenant.waiting.isEmpty()) {
            raiseFloor();
            tenant.counter = Math.max(tenant.counter, floor);
        }
        waiting++;
        return tenant;
    }

    /// To the least counter of the waiting tenants; if none waits, of the running ones: then (1) says nothing,
    /// and (2) gets easier.
    private void raiseFloor() {
        long least = Long.MAX_VALUE;
        for (Tenant<T> tenant : tenants.values())
            if (waiting > 0 ? !tenant.waiting.isEmpty() : tenant.running > 0) least = Math.min(least, tenant.counter);
        if (least != Long.MAX_VALUE) floor = Math.max(floor, least);
    }

    private boolean before(Tenant<T> one, Tenant<T> other) {
        if (one.counter != other.counter) return one.counter < other.counter;
        return one.waiting.getFirst().arrival() < other.waiting.getFirst().arrival();
    }

    private Tenant<T> of(T sequence) {
        return java.util.Objects.requireNonNull(tenants.get(sequence.tenant()));
    }
}

package dev.redoubt.engine.schedule;

/// Measures service by itself and checks RULES V3.6: while two tenants both have something waiting without a
/// break, the difference of what they get in any interval stays within the bound.
final class FairnessWatch {
    private final Scheduler scheduler;
    private final long bound;
    private final int tenants;
    private final long[] service;
    private final boolean[][] open;
    private final long[][] least;
    private final long[][] most;
    private final java.util.Set<Long> served = new java.util.HashSet<>();
    private long windows;
    private long worst;

    FairnessWatch(int tenants, Scheduler scheduler, long bound) {
        this.tenants = tenants;
        this.scheduler = scheduler;
        this.bound = bound;
        this.service = new long[tenants];
        this.open = new boolean[tenants][tenants];
        this.least = new long[tenants][tenants];
        this.most = new long[tenants][tenants];
    }

    /// Prompt tokens are served when a sequence is admitted for the first time.
    void admitted(StepPlan plan) {
        for (StepPlan.Entry entry : Simulation.entries(plan)) {
            Sequence sequence = entry.sequence();
            if (sequence.outputTokens() > 0 || entry.from() != sequence.cachedTokens()) continue;
            if (!served.add(sequence.id())) continue;
            service[index(sequence)] += sequence.promptTokens() - sequence.cachedTokens();
        }
        look();
    }

    void generated(Sequence sequence) {
        service[index(sequence)] += 2;
    }

    /// After every change: windows that broke are closed, the others are measured.
    void look() {
        boolean[] waiting = new boolean[tenants];
        for (int t = 0; t < tenants; t++) waiting[t] = scheduler.isBacklogged("tenant" + t);
        for (int f = 0; f < tenants; f++)
            for (int g = f + 1; g < tenants; g++) {
                boolean both = waiting[f] && waiting[g];
                long difference = service[f] - service[g];
                if (both && !open[f][g]) {
                    least[f][g] = difference;
                    most[f][g] = difference;
                    windows++;
                }
                open[f][g] = both;
                if (!both) continue;
                least[f][g] = Math.min(least[f][g], difference);
                most[f][g] = Math.max(most[f][g], difference);
                long spread = most[f][g] - least[f][g];
                worst = Math.max(worst, spread);
                if (spread > bound) throw new AssertionError("service drifted apart by " + spread + " > " + bound);
            }
    }

    long windows() {
        return windows;
    }

    /// As a share of the bound.
    double worst() {
        return (double) worst / bound;
    }

    private static int index(Sequence sequence) {
        return Integer.parseInt(sequence.tenant().substring("tenant".length()));
    }
}

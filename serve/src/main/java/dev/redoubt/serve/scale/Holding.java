package dev.redoubt.serve.scale;

import dev.redoubt.serve.spec.Resources;

/// What replicas hold of a machine, or what is left of it; all zero for none, below zero where too much is
/// held.
public record Holding(double cpus, long memoryBytes, double gpuShare) {
    public static final Holding NONE = new Holding(0, 0, 0);
    /// What applications may take of a machine; the rest is the control plane's (R2.2, R4.2).
    public static final double SHARE = 0.8;

    private static final double ROUNDING = 1e-9; // ten times 0.1 is one

    public static Holding of(Resources each, int times) {
        return new Holding(each.cpus() * times, each.memoryBytes() * times, each.gpuShare() * times);
    }

    /// What all applications together may take of a machine.
    public static Holding shareOf(Resources machine) {
        return new Holding(SHARE * machine.cpus(), (long) (SHARE * machine.memoryBytes()), SHARE * machine.gpuShare());
    }

    public Holding plus(Holding other) {
        return new Holding(cpus + other.cpus, memoryBytes + other.memoryBytes, gpuShare + other.gpuShare);
    }

    public Holding minus(Holding other) {
        return new Holding(cpus - other.cpus, memoryBytes - other.memoryBytes, gpuShare - other.gpuShare);
    }

    /// The larger of each.
    public Holding or(Holding other) {
        return new Holding(
                Math.max(cpus, other.cpus),
                Math.max(memoryBytes, other.memoryBytes),
                Math.max(gpuShare, other.gpuShare));
    }

    public boolean fitsIn(Holding whole) {
        return cpus <= whole.cpus + ROUNDING
                && memoryBytes <= whole.memoryBytes
                && gpuShare <= whole.gpuShare + ROUNDING;
    }

    /// How often `each` fits into this; never below 0.
    public int times(Resources each) {
        double byCpu = cpus / each.cpus();
        double byMemory = (double) memoryBytes / each.memoryBytes();
        double byGpu = each.gpuShare() == 0 ? Double.MAX_VALUE : gpuShare / each.gpuShare();
        return (int) Math.max(0, Math.floor(Math.min(byCpu, Math.min(byMemory, byGpu)) + ROUNDING));
    }

    /// For people.
    @Override
    public String toString() {
        String gpu = gpuShare == 0 ? "" : ", %.2f GPU".formatted(gpuShare);
        return "%.2f CPUs, %d MiB%s".formatted(cpus, memoryBytes >> 20, gpu);
    }
}

package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;

/// What something may take of a machine.
///
/// @param cpus cores, a fraction where it needs less than one
/// @param gpuShare of one GPU, 0 for none
public record Resources(double cpus, long memoryBytes, double gpuShare) {
    private static final double CPUS_MIN = 0.01;

    public Resources {
        Check.inRange("cpus", cpus, CPUS_MIN, 4096);
        Check.positive("memoryBytes", memoryBytes);
        Check.inRange("gpuShare", gpuShare, 0, 1);
    }

    public static Resources of(double cpus, long memoryBytes) {
        return new Resources(cpus, memoryBytes, 0);
    }

    /// How often these fit into `whole`; a resource that is not used does not bound.
    public int timesIn(Resources whole) {
        double byCpu = whole.cpus / cpus;
        double byMemory = (double) whole.memoryBytes / memoryBytes;
        double byGpu = gpuShare == 0 ? Double.MAX_VALUE : whole.gpuShare / gpuShare;
        return (int) Math.floor(Math.min(byCpu, Math.min(byMemory, byGpu)) + 1e-9); // 0.1 fits ten times into 1
    }
}

package dev.redoubt.serve.worker;

import java.util.ArrayList;
import java.util.List;

/// Which limits the operating system keeps for one replica, and by what. Each is for people; `missing` lists
/// what this system cannot do.
public record Confinement(
        String memory, String cpu, String files, String network, String processes, List<String> missing) {
    public Confinement {
        missing = List.copyOf(missing);
    }

    static Confinement of(Confined worker, boolean cgroup, int processors) {
        List<String> missing = new ArrayList<>();
        if (!cgroup) missing.add("a writable cgroup v2 folder with the controllers memory, cpu and pids");
        if (worker.landlockAbi() == 0) missing.add("Landlock (Linux 5.13)");
        if (!worker.seccomp()) missing.add("seccomp");
        if (!worker.limits()) missing.add("resource limits");
        return new Confinement(
                memory(worker, cgroup),
                cpu(worker, cgroup, processors),
                files(worker),
                network(worker),
                worker.seccomp() ? "none can be started (seccomp)" : "not limited",
                missing);
    }

    private static String memory(Confined worker, boolean cgroup) {
        if (cgroup) return "cgroup v2";
        return worker.memory()
                ? "-Xmx, RLIMIT_DATA and a watch over resident memory"
                : "-Xmx and a watch over resident memory";
    }

    private static String cpu(Confined worker, boolean cgroup, int processors) {
        if (cgroup) return "cgroup v2";
        String by = worker.processors() ? "affinity" : "the JVM's own count only";
        return processors + (processors == 1 ? " processor by " : " processors by ") + by;
    }

    private static String files(Confined worker) {
        if (worker.landlockAbi() == 0) return "not limited";
        String whom = worker.allThreads() ? "" : " for every thread that runs its code";
        return "the JDK to read, its own folder to write (Landlock ABI " + worker.landlockAbi() + whom + ")";
    }

    private static String network(Confined worker) {
        if (worker.seccomp()) return worker.landlockAbi() >= 4 ? "none (seccomp, Landlock)" : "none (seccomp)";
        return worker.landlockAbi() >= 4 ? "no TCP (Landlock)" : "not limited";
    }
}

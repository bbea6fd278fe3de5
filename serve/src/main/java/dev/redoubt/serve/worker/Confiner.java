package dev.redoubt.serve.worker;

import java.util.Optional;

/// Takes from this process what a stranger's code has no use for, as far as the system can. Called once, on the
/// main thread of a worker, before anybody's code is loaded: every thread that will run such code is started
/// from this one, and inherits.
final class Confiner {
    /* What runs before: threads of the garbage collector and the compilers, which run no Java; the reference handler, which runs the JDK's
     * own actions only; and the JDK's cleaner, which can be made to run others, and so is restricted by itself (JdkCleaner). There is
     * no finalizer thread and no signal dispatcher (see WorkerCommand). The former keep their files where the kernel cannot restrict
     * all threads at once; seccomp holds for them too. See docs/adr/0011. */
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SIGKILL = 9;
    private static final int RLIMIT_FSIZE = 1;
    private static final int RLIMIT_DATA = 2;
    private static final int RLIMIT_CORE = 4;
    private static final int RLIMIT_NOFILE = 7;
    private static final int RLIMIT_MSGQUEUE = 12;

    private Confiner() {}

    /// @param processors it may run on at most
    /// @param dataBytesMax private memory: heap, direct memory, stacks, compiled code
    /// @param fileBytesMax of one file
    record Limits(int processors, long dataBytesMax, long fileBytesMax, int filesMax) {}

    static Confined confine(Limits limits, Landlock.Allowed allowed) {
        Optional<SystemCalls> found = SystemCalls.ofThisMachine();
        return found.map(system -> confine(system, limits, allowed)).orElse(Confined.NOT);
    }

    private static Confined confine(SystemCalls system, Limits limits, Landlock.Allowed allowed) {
        boolean dies =
                system.prctl(PR_SET_PDEATHSIG, SIGKILL); // beside the end of stdin: it also ends a JVM that hangs
        boolean noNewPrivileges = system.prctl(PR_SET_NO_NEW_PRIVS, 1);
        boolean noDump = system.limit(RLIMIT_CORE, 0);
        boolean smallFiles = system.limit(RLIMIT_FSIZE, limits.fileBytesMax);
        boolean fewFiles = system.limit(RLIMIT_NOFILE, limits.filesMax);
        boolean noQueues = system.limit(RLIMIT_MSGQUEUE, 0);
        boolean memory = system.limit(RLIMIT_DATA, limits.dataBytesMax);
        boolean processors =
                system.useProcessors(limits.processors, ProcessHandle.current().pid());
        Landlock landlock = Landlock.of(system);
        Landlock.Hold files = noNewPrivileges ? landlock.restrict(allowed) : Landlock.Hold.NOBODY;
        if (files == Landlock.Hold.NEW_THREADS
                && !JdkCleaner.run(() -> system.prctl(PR_SET_NO_NEW_PRIVS, 1) && landlock.restrictThread(allowed)))
            files = Landlock.Hold.NOBODY; // what one thread can get round is not in force, and the status says so
        // Landlock keeps workers from looking at each other, and then the server can see which files this one holds.
        boolean unseen = files != Landlock.Hold.NOBODY || system.prctl(PR_SET_DUMPABLE, 0);
        boolean calls = noNewPrivileges && Seccomp.restrict(system);
        return new Confined(
                memory,
                noDump && smallFiles && fewFiles && noQueues && dies && unseen,
                processors,
                files == Landlock.Hold.NOBODY ? 0 : landlock.abi(),
                files == Landlock.Hold.ALL_THREADS,
                calls);
    }
}

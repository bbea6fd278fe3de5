package dev.redoubt.serve.worker;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Takes files, TCP and signals to others away from a thread and from every thread it will start: Linux's
/// Landlock. Nothing gives them back.
final class Landlock {
    /* The numbers are those of linux/landlock.h. A ruleset names what it handles; what is handled and not allowed by a rule under a path is
     * refused. Each version of the interface (ABI) handles more: what this kernel does not know must not be named. */
    private static final int CREATE_RULESET = 444;
    private static final int ADD_RULE = 445;
    private static final int RESTRICT_SELF = 446;
    private static final int VERSION = 1;
    private static final int RULE_PATH_BENEATH = 1;
    private static final int RESTRICT_ALL_THREADS = 1 << 3; // from ABI 8
    private static final int ALL_THREADS_ABI = 8;

    private static final long EXECUTE = 1;
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIR = 1 << 3;
    private static final long TRUNCATE = 1 << 14;
    private static final long IOCTL_DEV = 1 << 15;
    private static final long MAKE_DEVICES = 1 << 6 | 1 << 11; // MAKE_CHAR, MAKE_BLOCK
    private static final long TCP = 1 | 1 << 1; // bind, connect
    private static final long SCOPES = 1 | 1 << 1; // abstract sockets, signals

    private static final long READ = READ_FILE | READ_DIR;
    private static final long FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

    /// Whom a restriction holds for.
    enum Hold {
        NOBODY,
        /// This thread and those that it will start.
        NEW_THREADS,
        ALL_THREADS
    }

    /// What a worker may still open; what does not exist is left out.
    ///
    /// @param read files and folders, with everything below
    /// @param write the same, to write, make and remove too
    record Allowed(List<Path> read, List<Path> write) {}

    private final SystemCalls system;
    private final int abi;

    private Landlock(SystemCalls system, int abi) {
        this.system = system;
        this.abi = abi;
    }

    /// @return its ABI is 0 where the kernel has no Landlock
    static Landlock of(SystemCalls system) {
        return new Landlock(system, (int) Math.max(0, system.call(CREATE_RULESET, 0, 0, VERSION, 0, 0)));
    }

    int abi() {
        return abi;
    }

    boolean network() {
        return abi >= 4;
    }

    /// Needs `PR_SET_NO_NEW_PRIVS`.
    ///
    /// Holds for all threads where the kernel can do that.
    Hold restrict(Allowed allowed) {
        if (abi >= ALL_THREADS_ABI && restrict(allowed, RESTRICT_ALL_THREADS)) return Hold.ALL_THREADS;
        return restrict(allowed, 0) ? Hold.NEW_THREADS : Hold.NOBODY;
    }

    /// The same for this thread and those that it will start, whatever the kernel can do.
    boolean restrictThread(Allowed allowed) {
        return restrict(allowed, 0);
    }

    private boolean restrict(Allowed allowed, int flags) {
        if (abi == 0) return false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handled = arena.allocate(24, 8);
            handled.set(ValueLayout.JAVA_LONG, 0, files());
            handled.set(ValueLayout.JAVA_LONG, 8, network() ? TCP : 0);
            handled.set(ValueLayout.JAVA_LONG, 16, abi >= 6 ? SCOPES : 0);
            long size = abi >= 6 ? 24 : network() ? 16 : 8;
            int ruleset = (int) system.call(CREATE_RULESET, handled.address(), size, 0, 0, 0);
            if (ruleset < 0) return false;
            try {
                for (Path path : allowed.read) allow(arena, ruleset, path, READ);
                for (Path path : allowed.write) allow(arena, ruleset, path, files() & ~EXECUTE & ~MAKE_DEVICES);
                return system.call(RESTRICT_SELF, ruleset, flags, 0, 0, 0) == 0;
            } finally {
                system.close(ruleset);
            }
        }
    }

    /// All rights on files that this kernel can handle.
    private long files() {
        int known = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13; // with ioctl, truncate, moves between folders
        return (1L << known) - 1;
    }

    private void allow(Arena arena, int ruleset, Path path, long rights) {
        int descriptor = system.openPath(path.toString());
        if (descriptor < 0) return;
        try {
            boolean folder = Files.isDirectory(path);
            MemorySegment rule = arena.allocate(12, 8);
            rule.set(ValueLayout.JAVA_LONG, 0, files() & (folder ? rights : rights & FILE_ONLY));
            rule.set(ValueLayout.JAVA_INT, 8, descriptor);
            // A rule that is refused allows nothing: the worker then misses something and says so itself.
            long ignored = system.call(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule.address(), 0, 0);
        } finally {
            system.close(descriptor);
        }
    }
}

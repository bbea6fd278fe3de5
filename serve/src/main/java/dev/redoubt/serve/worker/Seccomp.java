package dev.redoubt.serve.worker;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Takes calls of the system away from every thread of this process, those of the JVM included: Linux's
/// seccomp.
/// Nothing gives them back.
///
/// What a handler has no use for is refused with EPERM: new processes and programs, sockets of any kind,
/// signals to others, other processes' memory, modes, owners and times of files, mounts, namespaces, the kernel's
/// own matters. The rest is
/// allowed, since what a JVM needs changes with its version and the C library's.
final class Seccomp {
    private static final int SET_MODE_FILTER = 1;
    private static final int ALL_THREADS = 1;

    private static final int ALLOW = 0x7FFF0000;
    private static final int KILL_PROCESS = 0x80000000;
    private static final int REFUSE = 0x00050000 | 1; // EPERM
    private static final int UNKNOWN = 0x00050000 | 38; // ENOSYS: the C library then takes clone

    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_AT_LEAST = 0x35;
    private static final int JUMP_ANY_BIT = 0x45;
    private static final int RETURN = 0x06;

    private static final int NUMBER = 0; // offsets in struct seccomp_data
    private static final int ARCHITECTURE = 4;
    private static final int FIRST_ARGUMENT = 16; // its low half: both processors are little-endian here

    private static final int X32_NUMBERS = 0x40000000;
    private static final int CLONE_THREAD = 0x10000;

    /// The numbers of one processor's calls; `clone3` is 435 on both.
    private record Numbers(int newThread, int kill, int tgkill, int[] refused) {}

    private static final int CLONE3 = 435;

    /// pidfd_send_signal, io_uring_setup, _enter, _register, open_tree, move_mount, fsopen, fsconfig, fsmount,
    /// fspick, pidfd_open, pidfd_getfd, process_madvise, mount_setattr, memfd_secret, fchmodat2, setxattrat,
    /// removexattrat, file_setattr: new enough to be the same everywhere.
    private static final int[] REFUSED_EVERYWHERE = {
        424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 440, 442, 447, 452, 463, 466, 469
    };

    private static final Numbers X86_64 = new Numbers(56, 62, 234, new int[] {
        41,
        53,
        42,
        49,
        50,
        43,
        288,
        46,
        47, // socket socketpair connect bind listen accept accept4 sendmsg recvmsg
        59,
        322,
        57,
        58, // execve execveat fork vfork
        101,
        310,
        311,
        312, // ptrace process_vm_readv process_vm_writev kcmp
        165,
        166,
        155,
        161,
        272,
        308,
        303,
        304, // mount umount2 pivot_root chroot unshare setns name_to_handle_at open_by_handle_at
        321,
        298,
        323,
        250,
        248,
        249, // bpf perf_event_open userfaultfd keyctl add_key request_key
        246,
        320,
        175,
        313,
        176, // kexec_load kexec_file_load init_module finit_module delete_module
        200,
        129,
        297, // tkill rt_sigqueueinfo rt_tgsigqueueinfo
        169,
        167,
        168,
        163,
        164,
        227,
        159,
        305, // reboot swapon swapoff acct settimeofday clock_settime adjtimex clock_adjtime
        179,
        103,
        172,
        173,
        133,
        259, // quotactl syslog iopl ioperm mknod mknodat
        170,
        171,
        154,
        135,
        134,
        153, // sethostname setdomainname modify_ldt personality uselib vhangup
        240,
        29,
        68,
        64,
        300, // mq_open shmget msgget semget fanotify_init
        90,
        91,
        268,
        92,
        93,
        94,
        260, // chmod fchmod fchmodat chown fchown lchown fchownat: Landlock leaves modes and owners to all
        188,
        189,
        190,
        197,
        198,
        199, // setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
        132,
        235,
        261,
        280, // utime utimes futimesat utimensat
        319 // memfd_create
    });

    private static final Numbers AARCH64 = new Numbers(220, 129, 131, new int[] {
        198, 199, 203, 200, 201, 202, 242, 211, 212, 221, 281, 117, 270, 271, 272, 40, 39, 41, 51, 97, 268, 264, 265,
        280, 241, 282, 219, 217, 218, 104, 294, 105, 273, 106, 130, 138, 240, 142, 224, 225, 89, 170, 112, 171, 266, 60,
        116, 33, 161, 162, 92, 58, 180, 194, 186, 190, 262, 52, 53, 54, 55, 5, 6, 7, 14, 15, 16, 88, 279
    }); // in the same order, but for what this processor lacks

    private final SystemCalls system;
    private final List<Long> program = new ArrayList<>(); // one instruction each, as it lies in memory

    private Seccomp(SystemCalls system) {
        this.system = system;
    }

    /// Needs `PR_SET_NO_NEW_PRIVS`.
    ///
    /// @return whether it is in force
    static boolean restrict(SystemCalls system) {
        return new Seccomp(system).install();
    }

    private boolean install() {
        SystemCalls.Machine machine = system.machine();
        write(machine, machine == SystemCalls.Machine.X86_64 ? X86_64 : AARCH64);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment instructions = arena.allocate(8L * program.size(), 8);
            for (int i = 0; i < program.size(); i++) instructions.setAtIndex(ValueLayout.JAVA_LONG, i, program.get(i));
            MemorySegment filter = arena.allocate(16, 8);
            filter.set(ValueLayout.JAVA_SHORT, 0, (short) program.size());
            filter.set(ValueLayout.JAVA_LONG, 8, instructions.address());
            return system.call(machine.seccomp, SET_MODE_FILTER, ALL_THREADS, filter.address(), 0, 0) == 0;
        }
    }

    private void write(SystemCalls.Machine machine, Numbers numbers) {
        add(LOAD_WORD, 0, 0, ARCHITECTURE);
        add(JUMP_EQUAL, 1, 0, machine.audit);
        add(RETURN, 0, 0, KILL_PROCESS); // another processor's numbers mean other calls
        add(LOAD_WORD, 0, 0, NUMBER);
        add(JUMP_AT_LEAST, 0, 1, X32_NUMBERS);
        add(RETURN, 0, 0, REFUSE);
        for (int number : REFUSED_EVERYWHERE) answer(number, REFUSE);
        for (int number : numbers.refused) answer(number, REFUSE);
        answer(CLONE3, UNKNOWN); // its flags lie in memory, where no filter sees them
        when(numbers.newThread, JUMP_ANY_BIT, CLONE_THREAD);
        int self = (int) ProcessHandle.current().pid();
        when(numbers.kill, JUMP_EQUAL, self);
        when(numbers.tgkill, JUMP_EQUAL, self);
        add(RETURN, 0, 0, ALLOW);
    }

    private void answer(int number, int answer) {
        add(JUMP_EQUAL, 0, 1, number);
        add(RETURN, 0, 0, answer);
    }

    /// Allows a call only if its first argument passes.
    private void when(int number, int test, int value) {
        add(JUMP_EQUAL, 0, 4, number);
        add(LOAD_WORD, 0, 0, FIRST_ARGUMENT);
        add(test, 0, 1, value);
        add(RETURN, 0, 0, ALLOW);
        add(RETURN, 0, 0, REFUSE);
    }

    private void add(int code, int whenTrue, int whenFalse, int value) {
        program.add((long) code | (long) whenTrue << 16 | (long) whenFalse << 24 | (long) value << 32);
    }
}

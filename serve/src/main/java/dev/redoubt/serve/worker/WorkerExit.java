package dev.redoubt.serve.worker;

/// What the exit code of a worker says, in words that follow its name.
final class WorkerExit {
    private static final int SIGNALLED = 128;

    private WorkerExit() {}

    static String text(int code) {
        return code > SIGNALLED
                ? "ended by signal " + (code - SIGNALLED)
                : "ended with exit code " + code + meaning(code);
    }

    private static String meaning(int code) {
        return switch (code) {
            case 1 -> " (what a JVM gives when native code crashes, or a fault is caught by nobody)";
            case 3 -> " (what a JVM gives for an out-of-memory error)";
            case WorkerMain.LINK_ENDED -> " (its link ended)";
            case WorkerMain.LIFELINE_ENDED -> " (its server was gone)";
            case WorkerMain.SERIALIZATION_ON -> " (its serialization filter lets classes pass)";
            default -> "";
        };
    }
}

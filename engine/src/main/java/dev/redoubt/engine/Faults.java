package dev.redoubt.engine;

/// Logs faults of ours without content: an exception's own text may hold a prompt (RULES V1.6), so only its
/// class and where it was thrown are written.
final class Faults {
    private static final System.Logger LOG = System.getLogger("dev.redoubt.engine");
    private static final int FRAMES_MAX = 12;

    private Faults() {}

    /// @param request the generation's id, which the gateway's error id is logged with
    static void log(long request, Throwable fault) {
        LOG.log(System.Logger.Level.ERROR, () -> "generation " + request + " ended by a fault: " + trace(fault));
    }

    /// A fault of the step as a whole.
    static void logStep(String what, Throwable fault) {
        LOG.log(System.Logger.Level.ERROR, () -> what + ": " + trace(fault));
    }

    private static String trace(Throwable fault) {
        StringBuilder text = new StringBuilder(fault.getClass().getName());
        StackTraceElement[] frames = fault.getStackTrace();
        for (int i = 0; i < Math.min(frames.length, FRAMES_MAX); i++)
            text.append(" < ").append(frames[i]);
        return text.toString();
    }
}

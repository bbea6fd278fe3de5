package dev.redoubt.base;

/// What a log may say of a fault: classes and where they were thrown. Never a message, which may hold what a
/// caller sent (V1.6).
public final class FaultText {
    private static final int FRAMES_MAX = 12;
    private static final int CAUSES_MAX = 8;

    private FaultText() {}

    /// One line.
    public static String of(Throwable fault) {
        StringBuilder text = new StringBuilder();
        int causes = 0;
        for (Throwable at = fault; at != null && causes < CAUSES_MAX; at = at.getCause(), causes++) {
            text.append(causes == 0 ? "" : " caused by ")
                    .append(at.getClass().getName())
                    .append(" at ");
            StackTraceElement[] trace = at.getStackTrace();
            for (int i = 0; i < Math.min(FRAMES_MAX, trace.length); i++)
                text.append(i == 0 ? "" : " < ").append(trace[i]);
        }
        return text.toString();
    }
}

package dev.redoubt.base;

import java.util.regex.Pattern;

/// What a log may say of a fault: classes and where they were thrown. Never a message, which may hold what a
/// caller sent (V1.6).
public final class FaultText {
    /// What begins a text that is no class and place, but a reason in words of ours.
    public static final String REASON = "because ";

    private static final int FRAMES_MAX = 12;
    private static final int CAUSES_MAX = 8;
    private static final Pattern PLACE =
            Pattern.compile("[\\w.$/@<>:()-]{1,400}|[\\w.$/@<>-]{1,400}\\((Native Method|Unknown Source)\\)");
    private static final Pattern CLASS_NAME = Pattern.compile("[\\w/.$]{1,256}");

    private FaultText() {}

    /// One line, with no more than the first class and where it was thrown.
    public static String brief(Throwable fault) {
        String all = of(fault);
        int end = Math.min(end(all, " < "), end(all, " caused by "));
        return all.substring(0, end);
    }

    private static int end(String text, String before) {
        int at = text.indexOf(before);
        return at < 0 ? text.length() : at;
    }

    /// One line.
    public static String of(Throwable fault) {
        StringBuilder text = new StringBuilder();
        try {
            write(fault, text);
        } catch (Throwable its) { // what a class of an operator's makes of its cause and its trace may fail too
            text.append(", which does not say more");
        }
        return text.toString();
    }

    /// Whoever throws can invent places, and write into them what no place is called.
    private static String place(StackTraceElement frame) {
        String said = frame.toString();
        return PLACE.matcher(said).matches() ? said : "?";
    }

    /// A JVM names the class that a program was built with and lacks: the program's text, and no caller's.
    private static String missingClass(Throwable fault) {
        if (!(fault instanceof NoClassDefFoundError)) return "";
        String name = String.valueOf(fault.getMessage());
        return CLASS_NAME.matcher(name).matches() ? " " + name.replace('/', '.') : "";
    }

    private static void write(Throwable fault, StringBuilder text) {
        int causes = 0;
        for (Throwable at = fault; at != null && causes < CAUSES_MAX; at = at.getCause(), causes++) {
            text.append(causes == 0 ? "" : " caused by ")
                    .append(at.getClass().getName())
                    .append(missingClass(at));
            StackTraceElement[] trace = at.getStackTrace();
            text.append(" at ");
            for (int i = 0; i < Math.min(FRAMES_MAX, trace.length); i++)
                text.append(i == 0 ? "" : " < ").append(place(trace[i]));
        }
    }
}

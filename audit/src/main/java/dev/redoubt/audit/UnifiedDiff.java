package dev.redoubt.audit;

import java.util.ArrayList;
import java.util.List;

/// Two texts with equally many lines as a unified diff, which `patch` and `git apply` read.
final class UnifiedDiff {
    private static final int AROUND = 3;

    private UnifiedDiff() {}

    static String of(String path, String before, String after) {
        List<String> old = lines(before);
        List<String> now = lines(after);
        String name = path.replaceAll("\\p{Cntrl}", "?");
        StringBuilder out = new StringBuilder("--- " + (name.startsWith("/") ? name : "a/" + name) + "\n+++ "
                + (name.startsWith("/") ? name : "b/" + name) + "\n");
        for (int i = 0; i < old.size(); i++) {
            if (old.get(i).equals(now.get(i))) continue;
            int from = Math.max(0, i - AROUND);
            int last = i; // the last line of this hunk that differs
            for (int k = i + 1; k < old.size() && k - last <= 2 * AROUND; k++)
                if (!old.get(k).equals(now.get(k))) last = k;
            int to = Math.min(old.size(), last + 1 + AROUND);
            out.append("@@ -" + (from + 1) + "," + (to - from) + " +" + (from + 1) + "," + (to - from) + " @@\n");
            hunk(old, now, from, to, out);
            i = to - 1;
        }
        return out.toString();
    }

    private static void hunk(List<String> old, List<String> now, int from, int to, StringBuilder out) {
        int i = from;
        while (i < to) {
            if (old.get(i).equals(now.get(i))) {
                line(' ', old.get(i++), out);
                continue;
            }
            int end = i;
            while (end < to && !old.get(end).equals(now.get(end))) end++;
            for (int k = i; k < end; k++) line('-', old.get(k), out);
            for (int k = i; k < end; k++) line('+', now.get(k), out);
            i = end;
        }
    }

    private static void line(char mark, String line, StringBuilder out) {
        out.append(mark).append(line);
        if (!line.endsWith("\n")) out.append("\n\\ No newline at end of file\n");
    }

    /// With their ends.
    private static List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        while (start < text.length()) {
            int end = text.indexOf('\n', start) + 1;
            if (end == 0) end = text.length();
            lines.add(text.substring(start, end));
            start = end;
        }
        return lines;
    }
}

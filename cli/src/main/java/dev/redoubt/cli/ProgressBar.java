package dev.redoubt.cli;

import java.util.Locale;

/// How far something has come: a bar that is redrawn at a terminal, a line every tenth elsewhere. For one thread.
final class ProgressBar {
    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 100_000_000;

    private final Console console;
    private final String what;
    private long drawnAt = System.nanoTime() - REDRAW_NANOS;
    private long tenthShown = -1;
    private boolean open;

    ProgressBar(Console console, String what) {
        this.console = console;
        this.what = what;
    }

    /// @param how said after the amount
    void at(long bytesDone, long bytesTotal, String how) {
        if (console.redraws()) draw(bytesDone, bytesTotal, how);
        else line(bytesDone, bytesTotal, how);
    }

    /// Leaves the last state on the screen; what comes next begins anew.
    void end() {
        if (open) console.err().println();
        open = false;
        tenthShown = -1;
    }

    private void draw(long done, long total, String how) {
        long now = System.nanoTime();
        if (done < total && now - drawnAt < REDRAW_NANOS) return;
        drawnAt = now;
        int filled = (int) (WIDTH * done / total);
        console.err()
                .print("\r" + what + "  [" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "]  "
                        + amount(done, total) + "  " + how + "\u001b[K");
        console.err().flush();
        open = true;
    }

    private void line(long done, long total, String how) {
        long tenth = 10 * done / total;
        if (tenth <= tenthShown) return;
        tenthShown = tenth;
        console.note(what + ": " + amount(done, total) + " " + how);
    }

    private static String amount(long done, long total) {
        return String.format(Locale.ROOT, "%.1f of %.1f MB (%d %%)", done / 1e6, total / 1e6, 100 * done / total);
    }
}

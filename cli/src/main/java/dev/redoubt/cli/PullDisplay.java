package dev.redoubt.cli;

import dev.redoubt.trust.ModelSource;
import dev.redoubt.trust.PullProgress;
import java.util.Locale;

/// How a download goes: a bar that is redrawn at a terminal, a line every tenth elsewhere. Used by the thread
/// that pulls.
final class PullDisplay implements PullProgress {
    private static final int BAR_WIDTH = 30;
    private static final long REDRAW_NANOS = 100_000_000;

    private final Console console;
    private final String model;
    private long drawnAt = System.nanoTime() - REDRAW_NANOS;
    private long tenthShown = -1;
    private boolean barOpen;

    PullDisplay(Console console, String model) {
        this.console = console;
        this.model = model;
    }

    @Override
    public void at(ModelSource source, long bytesDone, long bytesTotal) {
        if (console.redraws()) bar(source, bytesDone, bytesTotal);
        else line(source, bytesDone, bytesTotal);
    }

    @Override
    public void failed(ModelSource source, String reason) {
        end();
        if (!(source instanceof ModelSource.ImportFolder)) // usually empty: not worth a word
        console.note(model + ": not from " + source.label() + ": " + reason);
        tenthShown = -1;
    }

    /// Leaves the last state of the bar on the screen.
    void end() {
        if (barOpen) console.err().println();
        barOpen = false;
    }

    private void bar(ModelSource source, long done, long total) {
        long now = System.nanoTime();
        if (done < total && now - drawnAt < REDRAW_NANOS) return;
        drawnAt = now;
        int filled = (int) (BAR_WIDTH * done / total);
        console.err()
                .print("\r" + model + "  [" + "#".repeat(filled) + " ".repeat(BAR_WIDTH - filled) + "]  "
                        + amount(done, total) + "  " + source.label() + "\u001b[K");
        console.err().flush();
        barOpen = true;
    }

    private void line(ModelSource source, long done, long total) {
        long tenth = 10 * done / total;
        if (tenth <= tenthShown) return;
        tenthShown = tenth;
        console.note(model + ": " + amount(done, total) + " from " + source.label());
    }

    private static String amount(long done, long total) {
        return String.format(Locale.ROOT, "%.1f of %.1f MB (%d %%)", done / 1e6, total / 1e6, 100 * done / total);
    }
}

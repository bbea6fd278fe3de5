package dev.redoubt.cli;

import dev.redoubt.trust.ModelSource;
import dev.redoubt.trust.PullProgress;

/// How a download goes. Used by the thread that pulls.
final class PullDisplay implements PullProgress {
    private final Console console;
    private final String model;
    private final ProgressBar bar;

    PullDisplay(Console console, String model) {
        this.console = console;
        this.model = model;
        this.bar = new ProgressBar(console, model);
    }

    @Override
    public void at(ModelSource source, long bytesDone, long bytesTotal) {
        bar.at(bytesDone, bytesTotal, "from " + source.label());
    }

    @Override
    public void failed(ModelSource source, String reason) {
        bar.end();
        if (!(source instanceof ModelSource.ImportFolder)) // usually empty: not worth a word
        console.note(model + ": not from " + source.label() + ": " + reason);
    }

    /// Leaves the last state of the bar on the screen.
    void end() {
        bar.end();
    }
}

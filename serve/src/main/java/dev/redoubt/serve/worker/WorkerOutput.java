package dev.redoubt.serve.worker;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What a worker process prints, in lines. It comes over a pipe that is emptied by whoever asks, and never
/// waited for: a worker that prints faster waits itself. Safe for any thread.
final class WorkerOutput {
    private static final int BYTES_MAX = 64 << 10; // at once: what a pipe holds
    private static final int LINES_MAX = 100; // at once; of more the last ones
    private static final int LINE_LENGTH_MAX = 500;

    private final InputStream pipe;
    private final StringBuilder line = new StringBuilder(); // guarded by this: the one that has no end yet

    WorkerOutput(InputStream pipe) {
        this.pipe = pipe;
    }

    /// What has come since the last time; a tab is a space, of characters that are not plain there is a `?`.
    ///
    /// @param all also a line that has no end, since nothing comes after it
    synchronized List<String> lines(boolean all) {
        List<String> lines = new ArrayList<>();
        for (byte one : read()) {
            if (one == '\n') end(lines);
            else if (line.length() < LINE_LENGTH_MAX && one != '\r') line.append(plain(one));
        }
        if (all && !line.isEmpty()) end(lines);
        int left = lines.size() - LINES_MAX;
        if (left <= 0) return lines;
        List<String> last = new ArrayList<>(List.of("(" + left + " lines are left out)"));
        last.addAll(lines.subList(left, lines.size()));
        return last;
    }

    private static char plain(byte one) {
        if (one == '\t') return ' ';
        return one < ' ' || one > '~' ? '?' : (char) one;
    }

    private void end(List<String> lines) {
        lines.add(line.toString());
        line.setLength(0);
    }

    private byte[] read() {
        try {
            return pipe.readNBytes(Math.min(pipe.available(), BYTES_MAX));
        } catch (IOException closed) {
            return "".getBytes(StandardCharsets.US_ASCII);
        }
    }
}

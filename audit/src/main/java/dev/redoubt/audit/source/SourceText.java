package dev.redoubt.audit.source;

import java.util.Arrays;
import java.util.List;

/// A file's text, and where its lines begin. Immutable.
public final class SourceText {
    private final String path;
    private final String text;
    private final int[] lineStarts;
    private final List<Cell> cells;
    private final int[] fileLines; // by lines of the text; empty where they are the same

    /// A cell of a notebook.
    ///
    /// @param number from 1 on, over all cells, whatever they hold
    /// @param line at which its code begins in the text
    public record Cell(int number, int line) {}

    /// @param path as it is shown, with `/`
    public SourceText(String path, String text) {
        this(path, text, List.of());
    }

    /// @param cells of which the text was put together, in its order
    /// @param fileLines in which its lines stand in the file
    public SourceText(String path, String text, List<Cell> cells, int... fileLines) {
        this.cells = List.copyOf(cells);
        this.fileLines = fileLines.clone();
        this.path = path;
        this.text = text;
        int[] starts = new int[Math.max(16, text.length() / 32)];
        int lines = 1;
        for (int at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
            if (lines == starts.length) starts = Arrays.copyOf(starts, lines * 2);
            starts[lines++] = at + 1;
        }
        this.lineStarts = Arrays.copyOf(starts, lines);
    }

    public String path() {
        return path;
    }

    public String text() {
        return text;
    }

    public int lines() {
        return lineStarts.length;
    }

    /// How a person finds a line in a notebook, `cell 3, line 2`; empty for a text without cells.
    public String inCell(int line) {
        for (int i = cells.size() - 1; i >= 0; i--)
            if (cells.get(i).line <= line)
                return "cell " + cells.get(i).number + ", line " + (line - cells.get(i).line + 1);
        return "";
    }

    /// @param line from 1 on
    /// @return where it begins
    public int lineStart(int line) {
        return lineStarts[Math.clamp(line - 1, 0, lineStarts.length - 1)];
    }

    /// @param line from 1 on
    /// @return without its end
    public String line(int line) {
        int start = lineStart(line);
        int end = text.indexOf('\n', start);
        String found = text.substring(start, end < 0 ? text.length() : end);
        return found.endsWith("\r") ? found.substring(0, found.length() - 1) : found;
    }

    public Span span(int start, int end) {
        int first = lineAt(start);
        int last = lineAt(Math.max(start, end));
        return new Span(
                first, start - lineStarts[first - 1] + 1, last, Math.max(start, end) - lineStarts[last - 1] + 1);
    }

    /// The same place with the lines of the file, where the text was put together from parts of it.
    public Span inFile(Span span) {
        if (span.line() > fileLines.length) return span;
        int last = Math.min(span.endLine(), fileLines.length);
        return new Span(fileLines[span.line() - 1], span.column(), fileLines[last - 1], span.endColumn());
    }

    public int lineAt(int offset) {
        int found = Arrays.binarySearch(lineStarts, offset);
        return found >= 0 ? found + 1 : -found - 1;
    }
}

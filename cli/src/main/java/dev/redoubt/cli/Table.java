package dev.redoubt.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// Columns as wide as their widest cell; the last is not padded.
final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... header) {
        rows.add(List.of(header));
    }

    void row(String... cells) {
        rows.add(List.of(cells));
    }

    void print(PrintStream out) {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows)
            for (int i = 0; i < widths.length; i++)
                widths[i] = Math.max(widths[i], row.get(i).length());
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length - 1; i++)
                line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + 2);
            out.println(line.append(row.getLast()).toString().stripTrailing());
        }
    }
}

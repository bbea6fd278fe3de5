package dev.redoubt.cli;

import java.util.ArrayList;
import java.util.List;

/// Text in lines of a width; what is longer than a line and has no space stays whole.
final class Wrapped {
    private Wrapped() {}

    /// @return one line at least
    static List<String> lines(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            if (!line.isEmpty()) line.append(' ');
            line.append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}

package dev.redoubt.audit.python;

import java.util.Arrays;

/// The tokens of a Python text, in parallel arrays: what each is, and where it stands.
final class Tokens {
    enum Kind {
        NAME,
        NUMBER,
        TEXT,
        OPERATOR,
        /// The end of a logical line.
        LINE_END,
        INDENT,
        DEDENT,
        END
    }

    final String source;
    private Kind[] kinds = new Kind[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private int size;

    Tokens(String source) {
        this.source = source;
    }

    void add(Kind kind, int start, int end) {
        if (size == kinds.length) {
            kinds = Arrays.copyOf(kinds, size * 2);
            starts = Arrays.copyOf(starts, size * 2);
            ends = Arrays.copyOf(ends, size * 2);
        }
        kinds[size] = kind;
        starts[size] = start;
        ends[size++] = end;
    }

    int size() {
        return size;
    }

    Kind kind(int index) {
        return kinds[index];
    }

    int start(int index) {
        return starts[index];
    }

    int end(int index) {
        return ends[index];
    }

    String text(int index) {
        return source.substring(starts[index], ends[index]);
    }

    boolean is(int index, String text) {
        return ends[index] - starts[index] == text.length() && source.startsWith(text, starts[index]);
    }
}

package dev.redoubt.engine.template;

import java.util.Map;
import java.util.TreeMap;

/// `tojson`, as transformers has it: Python's `json.dumps` with `ensure_ascii=False` unless asked otherwise.
final class JsonOutput {
    /// @param indent spaces for one level; negative: all on one line
    record Style(int indent, String itemSeparator, String keySeparator, boolean asciiOnly, boolean sortKeys) {
        static final int INDENT_MAX = 16;
        static final Style PLAIN = new Style(-1, ", ", ": ", false, false);
    }

    private final Style style;
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private JsonOutput(Style style, Budget budget) {
        this.style = style;
        this.budget = budget;
    }

    static Text of(Value value, Style style, Budget budget) {
        JsonOutput json = new JsonOutput(style, budget);
        json.write(value, 0);
        return Text.data(json.out.toString());
    }

    private void write(Value value, int nesting) {
        budget.step();
        budget.valueDepth(nesting);
        budget.text(8); // brackets, separators, numbers
        switch (value) {
            case Text text -> string(text.chars());
            case Value.Int number -> out.append(number.value());
            case Value.Real number -> out.append(real(number.value()));
            case Value.Bool bool -> out.append(bool == Value.Bool.TRUE ? "true" : "false");
            case Value.None none -> out.append("null");
            case Value.Sequence sequence -> {
                out.append('[');
                boolean first = true;
                for (Value item : sequence.items()) {
                    separate(first, nesting + 1);
                    first = false;
                    write(item, nesting + 1);
                }
                close(']', first, nesting);
            }
            case Value.Mapping mapping -> mapping(mapping, nesting);
            case Value.Undefined undefined -> throw Values.undefined(undefined, budget);
            case Value.Namespace other -> throw unsupported(value);
            case Value.Macro other -> throw unsupported(value);
            case Value.Function other -> throw unsupported(value);
            case Value.Loop other -> throw unsupported(value);
        }
    }

    private TemplateException unsupported(Value value) {
        return budget.fail(Values.kind(value) + " has no JSON form");
    }

    private void mapping(Value.Mapping mapping, int nesting) {
        Map<Value, Value> entries = mapping.entries();
        if (style.sortKeys()) {
            entries = new TreeMap<>((a, b) -> Values.compare(a, b, budget));
            entries.putAll(mapping.entries());
        }
        out.append('{');
        boolean first = true;
        for (Map.Entry<Value, Value> entry : entries.entrySet()) {
            separate(first, nesting + 1);
            first = false;
            key(entry.getKey());
            out.append(style.keySeparator());
            write(entry.getValue(), nesting + 1);
        }
        close('}', first, nesting);
    }

    private void key(Value key) {
        if (key instanceof Text text) string(text.chars());
        else if (key == Value.None.NONE) out.append("\"null\"");
        else if (key instanceof Value.Bool bool) out.append(bool == Value.Bool.TRUE ? "\"true\"" : "\"false\"");
        else out.append('"').append(Values.print(key, budget).chars()).append('"');
    }

    private void separate(boolean first, int nesting) {
        if (!first) out.append(style.itemSeparator());
        newLine(nesting);
    }

    private void close(char bracket, boolean empty, int nesting) {
        if (!empty) newLine(nesting);
        out.append(bracket);
    }

    private void newLine(int nesting) {
        if (style.indent() < 0) return;
        int spaces = style.indent() * nesting;
        budget.text(spaces + 1L);
        out.append('\n').repeat(' ', spaces);
    }

    private static String real(double value) {
        if (Double.isNaN(value)) return "NaN";
        if (Double.isInfinite(value)) return value > 0 ? "Infinity" : "-Infinity";
        return Values.real(value);
    }

    private void string(String text) {
        budget.text(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < 0x20 || (style.asciiOnly() && c >= 0x7f)) out.append("\\u%04x".formatted((int) c));
                    else out.append(c);
                }
            }
        }
        out.append('"');
    }
}

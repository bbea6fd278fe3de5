package dev.redoubt.engine.tokenize;

/// Writes JSON text piece by piece, for the vocabularies, which have hundreds of thousands of strings.
final class JsonWriter {
    private static final String HEX = escapes(); // six characters each

    private final StringBuilder out;

    JsonWriter(int sizeHint) {
        this.out = new StringBuilder(sizeHint);
    }

    JsonWriter raw(String json) {
        out.append(json);
        return this;
    }

    JsonWriter raw(char json) {
        out.append(json);
        return this;
    }

    JsonWriter number(long value) {
        out.append(value);
        return this;
    }

    JsonWriter string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < 0x20) out.append(HEX, 6 * c, 6 * c + 6);
            else out.append(c);
        }
        out.append('"');
        return this;
    }

    private static String escapes() {
        StringBuilder all = new StringBuilder();
        for (int c = 0; c < 0x20; c++) all.append("\\u%04x".formatted(c));
        return all.toString();
    }

    @Override
    public String toString() {
        return out.toString();
    }
}

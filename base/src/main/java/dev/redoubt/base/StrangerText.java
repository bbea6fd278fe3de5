package dev.redoubt.base;

/// What somebody outside wrote, fit for a message to the operator.
public final class StrangerText {
    private static final int CHARACTERS_MAX = 96;

    private StrangerText() {}

    /// Bounded, everything but printable ASCII escaped: a terminal obeys nothing of it.
    public static String shown(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (out.length() > CHARACTERS_MAX) return out.append('…').toString();
            char c = text.charAt(i);
            if (c >= 0x20 && c < 0x7F) out.append(c);
            else out.append("\\u%04x".formatted((int) c));
        }
        return out.toString();
    }

    /// As [#shown], in quotes.
    public static String quoted(String text) {
        return "'" + shown(text) + "'";
    }
}

package dev.redoubt.base;

/// What somebody outside wrote, fit for a message to the operator.
public final class StrangerText {
    private static final int CODE_POINTS_MAX = 100;

    private StrangerText() {}

    /// Quoted, printable, bounded.
    public static String quoted(String text) {
        StringBuilder result = new StringBuilder("'");
        text.codePoints()
                .limit(CODE_POINTS_MAX)
                .forEach(c -> result.appendCodePoint(
                        Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c));
        boolean cut = text.codePointCount(0, text.length()) > CODE_POINTS_MAX;
        return result.append(cut ? "…'" : "'").toString();
    }
}

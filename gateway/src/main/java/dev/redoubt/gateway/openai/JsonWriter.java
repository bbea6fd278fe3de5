package dev.redoubt.gateway.openai;

/// Writes one JSON text, compact, into a growing buffer. The caller is trusted to nest properly; all text is
/// escaped. Not safe for several threads.
public final class JsonWriter {
    /// What stands for a logarithm of zero, as in vLLM: JSON has no infinity.
    private static final double LOGPROB_MIN = -9999.0;

    private final StringBuilder out;
    private boolean comma;

    public JsonWriter() {
        this(new StringBuilder(256));
    }

    /// Appends to `out`.
    public JsonWriter(StringBuilder out) {
        this.out = out;
    }

    public JsonWriter beginObject() {
        return open('{');
    }

    public JsonWriter endObject() {
        return close('}');
    }

    public JsonWriter beginArray() {
        return open('[');
    }

    public JsonWriter endArray() {
        return close(']');
    }

    public JsonWriter name(String name) {
        separate();
        quote(name);
        out.append(':');
        comma = false;
        return this;
    }

    public JsonWriter value(String text) {
        separate();
        quote(text);
        comma = true;
        return this;
    }

    public JsonWriter value(long number) {
        separate();
        out.append(number);
        comma = true;
        return this;
    }

    public JsonWriter value(boolean value) {
        separate();
        out.append(value);
        comma = true;
        return this;
    }

    /// Finite.
    public JsonWriter value(float number) {
        separate();
        out.append(number);
        comma = true;
        return this;
    }

    /// A log probability; what is not finite becomes [#LOGPROB_MIN].
    public JsonWriter logprob(float value) {
        separate();
        if (Float.isFinite(value)) out.append(value);
        else out.append(LOGPROB_MIN);
        comma = true;
        return this;
    }

    public JsonWriter nothing() {
        separate();
        out.append("null");
        comma = true;
        return this;
    }

    @Override
    public String toString() {
        return out.toString();
    }

    private JsonWriter open(char bracket) {
        separate();
        out.append(bracket);
        comma = false;
        return this;
    }

    private JsonWriter close(char bracket) {
        out.append(bracket);
        comma = true;
        return this;
    }

    private void separate() {
        if (comma) out.append(',');
    }

    private void quote(String text) {
        out.append('"');
        if (isPlain(text)) {
            out.append(text).append('"');
            return;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (mustEscape(text, i)) escape(c);
                    else out.append(c);
                }
            }
        }
        out.append('"');
    }

    /// Whether it is printable ASCII that stands for itself, as nearly everything is.
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
        }
        return true;
    }

    /// Control characters; the line separators that old JavaScript trips over; half of a surrogate pair, which
    /// UTF-8 cannot say.
    private static boolean mustEscape(String text, int i) {
        char c = text.charAt(i);
        if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029) return true;
        if (Character.isHighSurrogate(c))
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        if (Character.isLowSurrogate(c)) return i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
        return false;
    }

    private void escape(char c) {
        out.append("\\u");
        String hex = Integer.toHexString(c);
        out.append("0".repeat(4 - hex.length())).append(hex);
    }
}

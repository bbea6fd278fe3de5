package dev.redoubt.audit.facts;

import java.util.regex.Pattern;

/// Words of files and command lines as values.
final class Scalars {
    private static final Pattern NUMBER = Pattern.compile("[-+]?(\\d[\\d_]*\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?");

    private Scalars() {}

    static Value of(String text) {
        return switch (text) {
            case "true", "True", "TRUE" -> new Value.Truth(true);
            case "false", "False", "FALSE" -> new Value.Truth(false);
            case "null", "~", "None" -> Value.nothing();
            default ->
                text.length() < 40 && NUMBER.matcher(text).matches()
                        ? new Value.Numeric(Double.parseDouble(text.replace("_", "")))
                        : new Value.Text(text);
        };
    }
}

package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;

/// What a tensor may be called: it becomes a map key, a log line and, in converters, a path.
final class TensorNames {
    static final int LENGTH_MAX = 256;

    private TensorNames() {}

    /// @throws ArtifactException unless `name` is 1 to `max` ASCII letters, digits or `. _ - :`
    static String check(String container, String name, int max) {
        if (name.isEmpty()) throw Refusals.content("%s tensor with an empty name: the file is damaged", container);
        if (name.length() > max)
            throw Refusals.content(
                    "%s tensor name '%s' of %d characters, limit is %d",
                    container, StrangerText.shown(name), name.length(), max);
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean allowed = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '.'
                    || c == '_'
                    || c == '-'
                    || c == ':';
            if (!allowed)
                throw Refusals.content(
                        "%s tensor name '%s' holds the character U+%04X, allowed are ASCII letters, digits and . _ - :",
                        container, StrangerText.shown(name), (int) c);
        }
        return name;
    }
}

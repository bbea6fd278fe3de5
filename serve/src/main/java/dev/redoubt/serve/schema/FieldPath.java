package dev.redoubt.serve.schema;

import org.jspecify.annotations.Nullable;

/// Where in a value something is: `article.lines[3]`.
///
/// @param parent none at the root
/// @param name of a field; empty for an item of a list
/// @param index of an item
record FieldPath(@Nullable FieldPath parent, String name, int index) {
    /// The whole of what came in.
    static final FieldPath INPUT = new FieldPath(null, "input", 0);
    /// The whole of what goes out.
    static final FieldPath OUTPUT = new FieldPath(null, "output", 0);

    /// What an operator has written for a handler.
    static final FieldPath USER_CONFIG = new FieldPath(null, "user-config", 0);

    /// Whether it is an operator's, and no caller's.
    boolean isOperators() {
        return parent == null ? equals(USER_CONFIG) : parent.isOperators();
    }

    FieldPath field(String field) {
        return new FieldPath(this, field, 0);
    }

    FieldPath item(int itemIndex) {
        return new FieldPath(this, "", itemIndex);
    }

    /// The root is not written where something is in it.
    @Override
    public String toString() {
        if (parent == null) return name;
        String before = parent.parent == null ? "" : parent.toString();
        if (name.isEmpty()) return (before.isEmpty() ? parent.toString() : before) + "[" + index + "]";
        return before.isEmpty() ? name : before + "." + name;
    }
}

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

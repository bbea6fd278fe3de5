package dev.redoubt.gateway.fields;

import java.util.Map;
import java.util.Optional;

/// What a [FieldTable] decoded.
public final class FieldValues {
    private final Map<Field<?>, Object> values;

    FieldValues(Map<Field<?>, Object> values) {
        this.values = values;
    }

    @SuppressWarnings("unchecked") // the table put what the field's own type decoded
    public <T> Optional<T> find(Field<T> field) {
        return Optional.ofNullable((T) values.get(field));
    }

    /// The value of a required field.
    public <T> T get(Field<T> field) {
        return find(field).orElseThrow(() -> new IllegalStateException("not required: " + field.name()));
    }

    @SuppressWarnings("unchecked") // as above
    public <T> T get(Field<T> field, T absent) {
        Object value = values.get(field);
        return value == null ? absent : (T) value;
    }
}

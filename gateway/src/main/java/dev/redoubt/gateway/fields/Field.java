package dev.redoubt.gateway.fields;

/// One field of a JSON object.
///
/// @param name on the wire
/// @param required absent or null is refused
/// @param about one line for the API description
public record Field<T>(String name, FieldType<T> type, boolean required, String about) {
    public static <T> Field<T> required(String name, FieldType<T> type, String about) {
        return new Field<>(name, type, true, about);
    }

    public static <T> Field<T> optional(String name, FieldType<T> type, String about) {
        return new Field<>(name, type, false, about);
    }
}

package dev.redoubt.serve.schema;

import java.lang.reflect.Type;
import tools.jackson.databind.JsonNode;

/// A Java type as a schema, and the way between its values and plain data. Nothing in the data says which class
/// is made of it (R3.3): the type does, and it was read when the deployment was described. Safe for any thread.
///
/// [SchemaReader] makes them.
public abstract sealed class Binding permits ScalarBinding, TensorBinding, ListBinding, MapBinding, RecordBinding {
    private final Type type;
    private final Schema schema;

    Binding(Type type, Schema schema) {
        this.type = type;
        this.schema = schema;
    }

    public final Type type() {
        return type;
    }

    public final Schema schema() {
        return schema;
    }

    /// Whether a value of the other needs no change to be one of this.
    public final boolean same(Binding other) {
        return this == other || (type.equals(other.type) && schema.equals(other.schema));
    }

    /// Makes a value.
    ///
    /// @param node passed [SchemaCheck#check] with [#schema]
    /// @throws dev.redoubt.base.ServeException `VALUE_REFUSED` if a record's constructor throws an
    ///     [IllegalArgumentException]: its fields are right one by one and do not go together
    public final Object read(JsonNode node) {
        return read(node, FieldPath.INPUT);
    }

    /// As [#read], of a user configuration: what a record's own check throws comes as it is, for its operator.
    public final Object readUserConfig(JsonNode node) {
        return read(node, FieldPath.USER_CONFIG);
    }

    /// Whether a value that Java code made is as the schema says. Java's types leave room for less: null, NaN,
    /// a tensor of another shape, an object that came in past the compiler.
    ///
    /// @throws BrokenValue if it is not
    public final void verify(Object value) {
        verify(value, FieldPath.OUTPUT);
    }

    /// Takes a value apart.
    ///
    /// @param value passed [#verify]
    public abstract JsonNode write(Object value);

    abstract Object read(JsonNode node, FieldPath at);

    abstract void verify(Object value, FieldPath at);
}

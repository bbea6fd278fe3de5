package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;

/// Checks one attribute of a node: one value, of the type that it says.
final class OnnxAttribute {
    private static final int NONE = 0;
    private static final int STRING_BYTES_MAX = 16 << 20;

    private final String operator;
    private final OnnxGraph graph;
    private String name = "";
    private int kind = NONE; // of the value that was found, as in AttributeProto.AttributeType

    /// @param operator of the node, for refusals
    /// @param graph what holds the node
    OnnxAttribute(String operator, OnnxGraph graph) {
        this.operator = operator;
        this.graph = graph;
    }

    /// @return its name
    String read(ProtoCursor at) {
        long type = NONE;
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> name = at.once().text("name", OnnxReader.NAME_BYTES_MAX);
                case 2 -> {
                    kind(1);
                    number(at.once().fixed32());
                }
                case 3 -> {
                    kind(2);
                    at.once().varint();
                }
                case 4 -> {
                    kind(3);
                    string(at.once());
                }
                case 5 -> {
                    kind(4);
                    OnnxTensor.check(at.once().message("tensor of an attribute"), true);
                }
                case 6 -> {
                    kind(5);
                    graph.inner(at.once().message("inner graph"));
                }
                case 7 -> {
                    kind(6);
                    ProtoCursor values = at.numbers("numbers of an attribute");
                    while (!values.atEnd()) number(values.packed32());
                }
                case 8 -> {
                    kind(7);
                    ProtoCursor values = at.numbers("numbers of an attribute");
                    while (!values.atEnd()) values.packed();
                }
                case 9 -> {
                    kind(8);
                    string(at);
                }
                case 10 -> {
                    kind(9);
                    OnnxTensor.check(at.message("tensor of an attribute"), true);
                }
                case 11 -> {
                    kind(10);
                    graph.inner(at.message("inner graph"));
                }
                case 13 -> at.once().bytes(); // words for people
                case 20 -> type = at.once().varint();
                default -> throw at.unknown();
            }
        if (name.isEmpty()) throw refusal("has no name");
        if (type < 1 || type > 10)
            throw refusal("is of the type %d, read are 1 to 10: no sparse ones and no types", type);
        if (kind != NONE && kind != type) throw refusal("says the type %d and has a value of %d", type, kind);
        return name;
    }

    private void kind(int found) {
        if (kind != NONE && kind != found) throw refusal("has values of the types %d and %d", kind, found);
        kind = found;
    }

    private void number(int bits) {
        if (Float.isNaN(Float.intBitsToFloat(bits))) throw refusal("is not a number (NaN)");
    }

    private void string(ProtoCursor at) {
        long length = at.bytes().byteSize();
        if (length > STRING_BYTES_MAX) throw refusal("is a text of %d bytes, limit is %d", length, STRING_BYTES_MAX);
    }

    private ArtifactException refusal(String message, Object... args) {
        return Refusals.content(
                "ONNX attribute '%s' of a node of %s %s", StrangerText.shown(name), operator, message.formatted(args));
    }
}

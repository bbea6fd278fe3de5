package dev.redoubt.gateway;

import dev.redoubt.serve.schema.Tensor;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// How much memory plain data take, which may be fifty times what they took as a body: no less than they do, with the
/// JDK's usual layout of objects.
final class TreeBytes {
    /* An object is 12 bytes of head and its fields, an array 16 and its elements, both rounded up to 8; a reference is 4. A list
     * has room for ten items, then for half as many again; a map's table is at most 8/3 of its entries. */
    private static final int OBJECT = 88; // the node and its map
    private static final int TABLE = 80;
    private static final int ENTRY = 40 + 11;
    private static final int ARRAY = 48; // the node and its list
    private static final int ITEMS = 56;
    private static final int ITEM = 6;
    private static final int TEXT = 16 + 24 + 16 + 7; // the node, the string and its array
    private static final int NUMBER = 24;
    private static final int LARGE_NUMBER = 16 + 40 + 16 + 32; // of 64 digits
    private static final int BINARY = 40;
    private static final int TENSOR = 256;
    private static final int SHORT = 256;
    private static final char LATIN1_MAX = 0xFF;

    private TreeBytes() {}

    static long of(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> object(node);
            case ARRAY -> {
                long bytes = ARRAY + (node.isEmpty() ? 0 : ITEMS + (long) ITEM * node.size());
                for (int i = 0; i < node.size(); i++) bytes += of(node.get(i));
                yield bytes;
            }
            case STRING -> text(node.stringValue());
            case NUMBER -> node.isBigInteger() ? LARGE_NUMBER : NUMBER;
            case BINARY -> BINARY + node.binaryValue().length;
            case POJO -> TENSOR + Tensor.of(node).data().byteSize();
            case BOOLEAN, NULL, MISSING -> 0;
        };
    }

    private static long object(JsonNode node) {
        long bytes = OBJECT + (node.isEmpty() ? 0 : TABLE);
        for (Map.Entry<String, JsonNode> entry : node.properties())
            bytes += ENTRY + text(entry.getKey()) + of(entry.getValue());
        return bytes;
    }

    private static long text(String text) {
        return TEXT + (isLatin1(text) ? 1L : 2L) * text.length();
    }

    /// Of a short text nobody asks: it is taken to be the larger.
    private static boolean isLatin1(String text) {
        if (text.length() <= SHORT) return false;
        for (int i = 0; i < text.length(); i++) if (text.charAt(i) > LATIN1_MAX) return false;
        return true;
    }
}

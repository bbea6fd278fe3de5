package dev.redoubt.base.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// RFC 8259 and nothing else: UTF-8 without BOM, no comments, no NaN, no trailing text, no field twice, within
/// [JsonLimits]. Numbers with a fraction or exponent become doubles, infinite where they are too large, which whoever
/// reads them refuses. Safe for any thread.
///
/// Only the parser and the nodes of Jackson: its mapper knows every type of the JDK, and takes a third of the
/// start of a worker to find that out.
public final class StrictJson {
    private static final JsonNodeFactory NODES = new JsonNodeFactory();

    private static final String HALF = "half of a surrogate pair";

    private final JsonLimits limits;
    private final JsonFactory factory;

    public StrictJson(JsonLimits limits) {
        this.limits = limits;
        this.factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxDocumentLength(limits.bytesMax())
                        .maxNestingDepth(limits.depthMax())
                        .maxTokenCount(limits.tokensMax())
                        .maxStringLength(limits.stringLengthMax())
                        .maxNameLength(limits.nameLengthMax())
                        .maxNumberLength(limits.numberLengthMax())
                        .build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                .build();
    }

    /// @return the value, never null
    /// @throws JsonRefusal if the text breaks the grammar or a bound
    public JsonNode parse(byte[] text) throws JsonRefusal {
        if (text.length > limits.bytesMax())
            throw new JsonRefusal("text of " + text.length + " bytes, limit is " + limits.bytesMax(), "", 0, 0);
        if (text.length == 0) throw new JsonRefusal("empty text", "", 1, 1);
        String decoded;
        try { // the parser itself guesses UTF-16 and UTF-32, and is lenient about overlong forms and surrogates
            decoded = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(text))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new JsonRefusal("text is not UTF-8", "", 0, 0);
        }
        if (text.length >= 3 && text[0] == (byte) 0xEF && text[1] == (byte) 0xBB)
            throw new JsonRefusal("byte order mark", "", 1, 1);
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), decoded)) {
            return only(parser);
        }
    }

    private JsonNode only(JsonParser parser) throws JsonRefusal {
        try {
            if (parser.nextToken() == null) throw new JsonRefusal("empty text", "", 1, 1);
            JsonNode node = node(parser);
            if (parser.nextToken() != null) {
                TokenStreamLocation at = parser.currentTokenLocation();
                throw new JsonRefusal("unexpected text", "", at.getLineNr(), at.getColumnNr());
            }
            return node;
        } catch (JacksonException e) {
            throw refusal(e, parser.currentLocation());
        }
    }

    /// The value that begins at the current token; afterwards its last one is current. As deep as the limits allow.
    private static JsonNode node(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> NODES.stringNode(whole(parser.getString(), parser));
            case VALUE_NUMBER_INT -> integer(parser);
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            case END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
                throw new IllegalStateException("no value begins with " + parser.currentToken());
        };
    }

    private static JsonNode object(JsonParser parser) {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = whole(parser.currentName(), parser);
            parser.nextToken();
            object.set(name, node(parser));
        }
        return object;
    }

    /// Half of a pair of surrogates is no character, and would become another one on the way to bytes.
    private static String whole(String text, JsonParser parser) {
        for (int at = 0; at < text.length(); ) {
            int character = text.codePointAt(at);
            if (character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE)
                throw new StreamReadException(parser, HALF);
            at += Character.charCount(character);
        }
        return text;
    }

    private static JsonNode array(JsonParser parser) {
        ArrayNode array = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) array.add(node(parser));
        return array;
    }

    private static JsonNode integer(JsonParser parser) {
        return switch (parser.getNumberType()) {
            case INT -> NODES.numberNode(parser.getIntValue());
            case LONG -> NODES.numberNode(parser.getLongValue());
            default -> NODES.numberNode(parser.getBigIntegerValue());
        };
    }

    /// @param reached by the parser, which does not say where a bound is exceeded
    private JsonRefusal refusal(JacksonException e, TokenStreamLocation reached) {
        TokenStreamLocation at = e.getLocation() == null ? reached : e.getLocation();
        int line = at.getLineNr();
        int column = at.getColumnNr();
        String message = String.valueOf(e.getOriginalMessage());
        if (message.startsWith("Duplicate Object property \"")) {
            int start = message.indexOf('"') + 1;
            int end = message.lastIndexOf('"');
            return new JsonRefusal("a field given twice", message.substring(start, Math.max(start, end)), line, column);
        }
        String problem = e instanceof StreamConstraintsException
                ? bound(message)
                : message.equals(HALF) ? HALF : "unexpected text";
        return new JsonRefusal(problem, "", line, column);
    }

    /// Which bound it is, by the parser's name for it: nothing else of what the parser says is repeated.
    private String bound(String message) {
        if (message.contains("getMaxNestingDepth")) return "nested deeper than " + limits.depthMax();
        if (message.contains("getMaxTokenCount")) return "over " + limits.tokensMax() + " names, values and brackets";
        if (message.contains("getMaxStringLength")) return "a text of over " + limits.stringLengthMax() + " characters";
        if (message.contains("getMaxNameLength"))
            return "a field name of over " + limits.nameLengthMax() + " characters";
        if (message.contains("getMaxNumberLength"))
            return "a number of over " + limits.numberLengthMax() + " characters";
        return "a bound is exceeded";
    }
}

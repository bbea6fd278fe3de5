package dev.redoubt.base.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// RFC 8259 and nothing else: UTF-8 without BOM, no comments, no NaN, no trailing text, no field twice, within
/// [JsonLimits]. Numbers with a fraction or exponent become doubles or, where they would lose their value, stay
/// exact. Safe for any thread.
public final class StrictJson {
    private final JsonLimits limits;
    private final JsonMapper mapper;

    public StrictJson(JsonLimits limits) {
        this.limits = limits;
        JsonFactory factory = JsonFactory.builder()
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
        this.mapper = JsonMapper.builder(factory)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .nodeFactory(new JsonNodeFactory())
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
        try {
            JsonNode node = mapper.readTree(decoded);
            if (node.isMissingNode()) throw new JsonRefusal("empty text", "", 1, 1);
            return node;
        } catch (JacksonException e) {
            throw refusal(e);
        }
    }

    private static JsonRefusal refusal(JacksonException e) {
        TokenStreamLocation at = e.getLocation();
        int line = at == null ? 0 : at.getLineNr();
        int column = at == null ? 0 : at.getColumnNr();
        String message = String.valueOf(e.getOriginalMessage());
        if (message.startsWith("Duplicate Object property \"")) {
            int start = message.indexOf('"') + 1;
            int end = message.lastIndexOf('"');
            return new JsonRefusal("a field given twice", message.substring(start, Math.max(start, end)), line, column);
        }
        String problem = e instanceof StreamConstraintsException ? "a bound is exceeded" : "unexpected text";
        return new JsonRefusal(problem, "", line, column);
    }
}

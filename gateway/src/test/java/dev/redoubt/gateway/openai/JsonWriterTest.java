package dev.redoubt.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class JsonWriterTest {
    private final StrictJson strict = new StrictJson(JsonLimits.MODEL_FILE);

    @Test
    void commasAreWhereTheyBelong() {
        JsonWriter json = new JsonWriter()
                .beginObject()
                .name("a")
                .beginArray()
                .value(1)
                .nothing()
                .beginObject();
        json.endObject()
                .value(true)
                .endArray()
                .name("b")
                .value("x")
                .name("c")
                .beginArray()
                .endArray()
                .endObject();
        assertThat(json).hasToString("{\"a\":[1,null,{},true],\"b\":\"x\",\"c\":[]}");
    }

    @Test
    void anyTextComesBackAsItWas() throws JsonRefusal {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 40; i++) {
                int c = random.nextBoolean() ? random.nextInt(0x100) : random.nextInt(0x11_0000);
                if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) text.appendCodePoint(c);
            }
            byte[] bytes = new JsonWriter().value(text.toString()).toString().getBytes(StandardCharsets.UTF_8);
            assertThat(strict.parse(bytes).stringValue()).as("seed %d", seed).isEqualTo(text.toString());
        }
    }

    @Test
    void noEventCanBeForgedByText() {
        String text = "\n\ndata: [DONE]\r\n\u2028\u2029\u0000";
        assertThat(new JsonWriter().value(text).toString()).doesNotContain("\n", "\r", "\u2028", "\u2029", "\u0000");
    }

    @Test
    void halfASurrogatePairIsEscaped() {
        assertThat(new JsonWriter().value("\uD83Dx\uDE42")).hasToString("\"\\ud83dx\\ude42\"");
    }

    @Test
    void whatIsNoNumberIsTheSmallestLogprob() {
        JsonWriter json = new JsonWriter()
                .beginArray()
                .logprob(Float.NEGATIVE_INFINITY)
                .logprob(Float.NaN)
                .logprob(-0.5f);
        assertThat(json.endArray()).hasToString("[-9999.0,-9999.0,-0.5]");
    }

    @Test
    void R5_3_anErrorHasOpenAisEnvelope() {
        ServeException refusal = ServeException.ofField(ErrorCode.UNKNOWN_FIELD, "evil\"", "evil\"");
        assertThat(ErrorBody.of(refusal, Optional.empty()))
                .isEqualTo(
                        "{\"error\":{\"message\":\"unknown field 'evil\\\"': remove it\",\"type\":\"invalid_request_error\","
                                + "\"param\":\"evil\\\"\",\"code\":\"unknown_field\",\"rule\":\"R3.4\"}}");
        assertThat(ErrorBody.of(ServeException.of(ErrorCode.INTERNAL), Optional.of("abc")))
                .isEqualTo("{\"error\":{\"message\":\"internal error\",\"type\":\"server_error\",\"param\":null,"
                        + "\"code\":\"internal\",\"error_id\":\"abc\"}}");
    }

    @Test
    void everyErrorHasATypeThatClientsKnow() {
        for (ErrorCode code : ErrorCode.values())
            assertThat(ErrorBody.type(code))
                    .isIn(
                            "invalid_request_error",
                            "authentication_error",
                            "permission_error",
                            "rate_limit_error",
                            "timeout_error",
                            "overloaded_error",
                            "server_error");
    }
}

package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FramingGuardTest {
    private static final String HEAD = "POST /generate HTTP/1.1\r\nHost: localhost\r\n";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX: b \t c;d\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                HEAD + "Content-Length: 22\r\n\r\n: x\r\n folded\r\n;5\r\n y\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                HEAD
                        + "Cookie: a\r\nTE: trailers\r\nContent-Language: en: 5\r\nContent-Type: a/b\r\ncontent-length: 22\r\n\r\n: x\r\n folded\r\n;5\r\n y\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                HEAD
                        + "transfer-encoding: chunked\r\n\r\n5\r\n: ;\r\n\r\n0A\r\n \t;\r\n;\r\n ;\r\n0\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n",
            })
    void R4_4_whatIsWellFramedPassesUntouched(String bytes) {
        assertThat(guarded(bytes, bytes.length())).isEqualTo(bytes);
        assertThat(guarded(bytes, 1)).as("byte by byte").isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: a\r\n# folded\r\n\r\n",
                "GET / HTTP/1.1\r\n#Host: a\r\n\r\n",
                HEAD + "Content-Length: 3\r\n\r\n a\nGET / HTTP/1.1\r\nHost: a\r\n#x\r\n\r\n",
                HEAD + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n#railer: x\r\n\r\n",
            })
    void R4_4_whatTheParserToleratesIsBroken(String pattern) {
        char first = pattern.contains("#railer") ? 'T' : ' ';
        String bytes = pattern.replace('#', first);
        String broken = pattern.replace('#', '\0');
        assertThat(guarded(bytes, bytes.length())).isEqualTo(broken);
        assertThat(guarded(bytes, 1)).as("byte by byte").isEqualTo(broken);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\n",
                "Transfer-Encoding: chunked\r\n\r\n 5\r\n",
                "Transfer-Encoding: chunked\r\n\r\n000000005\r\n",
                "Transfer-Encoding: gzip, chunked\r\n\r\n",
                "Content-Length: 0000000000000005\r\nx: y\r\n",
                "Content-Length: +5\r\n\r\n",
                "Content-Length: 5, 5\r\n\r\n",
                "Content-Length:                                                                5\r\n\r\n",
            })
    void R4_4_lengthsOnlyComeInTheirPlainestForm(String bytes) {
        assertThat(guarded(HEAD + bytes, 7)).contains("\0");
    }

    @Test
    void aHeaderWithoutANameIsBroken() {
        assertThat(guarded("GET / HTTP/1.1\r\n: x\r\n\r\n", 3)).isEqualTo("GET / HTTP/1.1\r\n\0 x\r\n\r\n");
    }

    @Test
    void anyBytesAreSurvived() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String alphabet = "POST / HTTP/1.1\r\n\r\n:; \tcontent-length: 9transfer-encoding: chunked0aF-";
        for (int round = 0; round < 500; round++) {
            StringBuilder bytes = new StringBuilder();
            for (int i = 0; i < 300; i++) bytes.append(alphabet.charAt(random.nextInt(alphabet.length())));
            assertThat(guarded(bytes.toString(), 1 + random.nextInt(50)))
                    .as("seed %d", seed)
                    .hasSameSizeAs(bytes);
        }
    }

    /// What comes out when the bytes come in pieces.
    private static String guarded(String bytes, int piece) {
        FramingGuard guard = new FramingGuard();
        StringBuilder out = new StringBuilder();
        for (int at = 0; at < bytes.length(); at += piece) {
            String part = bytes.substring(at, Math.min(bytes.length(), at + piece));
            ByteBuf buffer = Unpooled.copiedBuffer(part, StandardCharsets.ISO_8859_1);
            guard.follow(buffer);
            out.append(buffer.toString(StandardCharsets.ISO_8859_1));
            buffer.release();
        }
        return out.toString();
    }
}

package dev.redoubt.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Utf8AssemblerTest {
    private static String assembled(byte... bytes) {
        Utf8Assembler assembler = new Utf8Assembler();
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) assembler.push(b, out);
        assembler.end(out);
        return out.toString();
    }

    @Test
    void randomBytesGiveWhatJavaGivesButForSurrogates() {
        long seed = 1234;
        Random random = new Random(seed);
        byte[] favourites = {
            'a',
            (byte) 0xC3,
            (byte) 0xA9,
            (byte) 0xE2,
            (byte) 0x82,
            (byte) 0xAC,
            (byte) 0xF0,
            (byte) 0x9F,
            (byte) 0x98,
            (byte) 0x80,
            (byte) 0xE0,
            (byte) 0xF4,
            (byte) 0xC0,
            (byte) 0xFF,
            (byte) 0x90,
            (byte) 0xBF
        };
        for (int round = 0; round < 5_000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            for (int i = 0; i < bytes.length; i++)
                bytes[i] = random.nextInt(4) == 0
                        ? (byte) random.nextInt(256)
                        : favourites[random.nextInt(favourites.length)];
            boolean surrogate = false;
            for (int i = 0; i + 1 < bytes.length; i++)
                surrogate |= bytes[i] == (byte) 0xED && (bytes[i + 1] & 0xE0) == 0xA0;
            if (surrogate) continue;
            assertThat(assembled(bytes))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    @Test
    void everyCodePointComesBackWhole() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c += 37) {
            if (c >= 0xD800 && c <= 0xDFFF) continue;
            String text = Character.toString(c);
            assertThat(assembled(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
        }
    }

    @Test
    void encodedSurrogateIsThreeReplacements() {
        assertThat(assembled((byte) 0xED, (byte) 0xA0, (byte) 0x80)).isEqualTo("\uFFFD\uFFFD\uFFFD");
        assertThat(assembled((byte) 0xED, (byte) 0xA0)).isEqualTo("\uFFFD\uFFFD");
        assertThat(assembled((byte) 0xED, (byte) 0xB0, (byte) 'a')).isEqualTo("\uFFFD\uFFFDa");
        assertThat(assembled((byte) 0xED, (byte) 0x9F, (byte) 0xBF)).isEqualTo("\uD7FF");
        assertThat(assembled((byte) 0xE2, (byte) 0x82)).isEqualTo("\uFFFD");
    }
}

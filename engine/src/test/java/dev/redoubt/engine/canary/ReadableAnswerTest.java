package dev.redoubt.engine.canary;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReadableAnswerTest {
    @Test
    void V6_2_tenPrintableCharactersAreReadable() {
        assertThat(ReadableAnswer.problem("0123456789")).isEmpty();
        assertThat(ReadableAnswer.problem("雨はやみ、町はまた静か")).isEmpty();
        assertThat(ReadableAnswer.problem("🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂")).isEmpty();
    }

    @Test
    void V6_2_nineCharactersAreTooFew() {
        assertThat(ReadableAnswer.problem("012345678"))
                .hasValueSatisfying(why -> assertThat(why).contains("9 characters"));
        assertThat(ReadableAnswer.problem("🙂🙂🙂🙂🙂🙂🙂🙂🙂")).isPresent();
        assertThat(ReadableAnswer.problem("")).isPresent();
    }

    @Test
    void V6_2_whatCannotBePrintedIsNamed() {
        assertThat(ReadableAnswer.problem("an answer \u0000 with a zero"))
                .hasValueSatisfying(why -> assertThat(why).contains("U+0000"));
        assertThat(ReadableAnswer.problem("an answer \uFFFD that is no UTF-8")).isPresent();
    }

    @Test
    void linesAndAnEndWithinACodePointAreText() {
        assertThat(ReadableAnswer.problem("two lines:\n\tand a tab")).isEmpty();
        assertThat(ReadableAnswer.problem("it ends with half a \uFFFD\uFFFD")).isEmpty();
    }
}

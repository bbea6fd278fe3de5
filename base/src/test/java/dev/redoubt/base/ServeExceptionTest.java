package dev.redoubt.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ServeExceptionTest {
    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void everyTemplateTakesStringsOnly(ErrorCode code) {
        int holes = code.template().split("%", -1).length - 1;
        assertThat(code.template().split("%s", -1).length - 1).isEqualTo(holes);
        List<Object> args = new ArrayList<>();
        for (int i = 0; i < holes; i++) args.add("value" + i);
        String message = ServeException.of(code, args.toArray()).getMessage();
        for (Object arg : args) assertThat(message).contains((String) arg);
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void aMessageSaysTheWayOutInLowerCaseWithoutFullStop(ErrorCode code) {
        assertThat(code.template()).doesNotEndWith(".").doesNotContain("please").doesNotContain("failed to");
        if (code.kind() == ErrorCode.Kind.CAPACITY) assertThat(code.status()).isIn(429, 503, 504);
        if (code.kind() == ErrorCode.Kind.CALLER) assertThat(code.status()).isBetween(400, 499);
    }

    @Test
    void itTakesWhatItsTemplateTakes() {
        assertThatThrownBy(() -> ServeException.of(ErrorCode.UNKNOWN_FIELD, "one", "too many"))
                .hasMessage("UNKNOWN_FIELD takes 1 arguments");
        assertThatThrownBy(() -> ServeException.of(ErrorCode.UNKNOWN_FIELD))
                .hasMessage("UNKNOWN_FIELD takes 1 arguments");
    }

    @Test
    void whatACallerSentIsCutToABoundedLengthOnACodePointBorder() {
        ServeException refusal =
                ServeException.ofField(ErrorCode.UNKNOWN_FIELD, "🦊".repeat(10_000), "🦊".repeat(10_000));
        assertThat(refusal.getMessage()).hasSizeLessThan(400);
        assertThat(refusal.getMessage().codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF))
                .isTrue();
        assertThat(refusal.field().orElseThrow()).hasSizeLessThan(300);
    }
}

package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ChoiceTextTest {
    @Test
    void V1_5_aStopStringAcrossPiecesIsCutAndNothingOfItIsShown() {
        ChoiceText text = new ChoiceText(List.of(), List.of("\n\nHuman:"), 0, 1000);
        assertThat(text.push("Hello\n", 1)).isEqualTo(new ChoiceText.Result.More("Hello"));
        assertThat(text.push("\nHu", 2)).isEqualTo(new ChoiceText.Result.More(""));
        assertThat(text.push("man: more", 3)).isEqualTo(new ChoiceText.Result.Stopped(""));
    }

    @Test
    void whatOnlyBeganLikeAStopStringIsShownAsSoonAsItIsKnown() {
        ChoiceText text = new ChoiceText(List.of("END"), List.of(), 0, 1000);
        assertThat(text.push("an E", 1).text()).isEqualTo("an ");
        assertThat(text.push("N", 2).text()).isEmpty();
        assertThat(text.push("E", 3).text()).isEqualTo("EN"); // the second E may begin one
        assertThat(text.flush().text()).isEqualTo("E");
    }

    @Test
    void V1_5_theResultDependsOnTheTextAndNotOnItsPieces() {
        SplittableRandom random = new SplittableRandom(5);
        for (int round = 0; round < 20_000; round++) {
            String whole = letters(random, random.nextInt(1, 30));
            List<String> stops = List.of(letters(random, random.nextInt(1, 5)), letters(random, random.nextInt(1, 5)));
            assertThat(shown(whole, stops, random, whole.length()))
                    .as("round %d: '%s' until %s", round, whole, stops)
                    .isEqualTo(reference(whole, stops));
        }
    }

    @Test
    void minTokensPassTheirTextUnchecked() {
        ChoiceText text = new ChoiceText(List.of("b"), List.of(), 2, 1000);
        assertThat(text.push("ab", 1)).isEqualTo(new ChoiceText.Result.More("ab"));
        assertThat(text.push("b", 2)).isEqualTo(new ChoiceText.Result.More("b"));
        assertThat(text.push("cb", 3)).isEqualTo(new ChoiceText.Result.Stopped("c"));
    }

    @Test
    void V1_5_aRoutesStopHoldsInsideMinTokensAndACallersDoesNot() {
        ChoiceText text = new ChoiceText(List.of("b"), List.of("xy"), 3, 1000);
        assertThat(text.push("abx", 1)).isEqualTo(new ChoiceText.Result.More("ab"));
        assertThat(text.push("y", 2)).isEqualTo(new ChoiceText.Result.Stopped(""));
        ChoiceText across = new ChoiceText(List.of("xb"), List.of("xy"), 1, 1000);
        assertThat(across.push("ax", 1)).isEqualTo(new ChoiceText.Result.More("a"));
        assertThat(across.push("b", 2)).as("the caller's began too early").isEqualTo(new ChoiceText.Result.More("xb"));
        assertThat(across.push("xb", 3)).isEqualTo(new ChoiceText.Result.Stopped(""));
    }

    @Test
    void V5_4_textIsCutAtTheLimitOnACodePointBorder() {
        ChoiceText text = new ChoiceText(List.of(), List.of(), 0, 6);
        assertThat(text.push("abc", 1)).isEqualTo(new ChoiceText.Result.More("abc"));
        assertThat(text.push("de\uD83D\uDE00f", 2)).isEqualTo(new ChoiceText.Result.Cut("de"));
        ChoiceText exact = new ChoiceText(List.of(), List.of(), 0, 3);
        assertThat(exact.push("abc", 1)).isEqualTo(new ChoiceText.Result.More("abc"));
        assertThat(exact.push("", 2)).isEqualTo(new ChoiceText.Result.More(""));
        assertThat(exact.push("d", 3)).isEqualTo(new ChoiceText.Result.Cut(""));
    }

    private static String shown(String whole, List<String> stops, SplittableRandom random, int length) {
        ChoiceText text = new ChoiceText(stops.subList(1, 2), stops.subList(0, 1), 0, 1000);
        StringBuilder shown = new StringBuilder();
        int tokens = 0;
        for (int at = 0; at < length; ) {
            int end = Math.min(length, at + random.nextInt(0, 6));
            ChoiceText.Result result = text.push(whole.substring(at, end), ++tokens);
            shown.append(result.text());
            if (result instanceof ChoiceText.Result.Stopped) return shown + "|";
            at = end;
        }
        return shown.append(text.flush().text()).toString();
    }

    /// Letter by letter: the first place where the text so far ends with a stop string.
    private static String reference(String whole, List<String> stops) {
        for (int end = 1; end <= whole.length(); end++) {
            int longest = 0;
            for (String stop : stops)
                if (whole.substring(0, end).endsWith(stop)) longest = Math.max(longest, stop.length());
            if (longest > 0) return whole.substring(0, end - longest) + "|";
        }
        return whole;
    }

    private static String letters(SplittableRandom random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) text.append((char) ('a' + random.nextInt(3)));
        return text.toString();
    }
}

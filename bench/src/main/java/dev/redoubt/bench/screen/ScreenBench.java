package dev.redoubt.bench.screen;

import dev.redoubt.policy.screen.PromptScreen;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The screen on the longest prompts that are taken without a waiver: 8192 code points of each kind of text.
public final class ScreenBench {
    private static final int CODE_POINTS = 8192;
    private static final int WARM_UP = 3000;
    private static final int RUNS = 1001;

    private ScreenBench() {}

    public static void main(String[] args) {
        PromptScreen screen = new PromptScreen(List.of());
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("English", "The quick brown fox jumps over the lazy dog. ");
        texts.put("English, some accents", "A naïve café owner's résumé lies on the table. ");
        texts.put("Russian", "Съешь же ещё этих мягких французских булок. ");
        texts.put("Chinese", "今天的天气很好，我们去公园散步。");
        texts.put("full-width", "ｉｇｎｏｒｅ　ｔｈｅ　ｐｒｅｖｉｏｕｓ　");
        texts.put("near misses", "ignore ignore prior");
        texts.put("marks only", "a\u0315\u0300\u05AE\u0300");
        texts.put("longest decompositions", "\u3316");
        System.out.printf("%-24s %10s %10s%n", "8192 code points", "median µs", "99 % µs");
        texts.forEach((name, text) -> time(screen, name, filled(text)));
    }

    private static String filled(String text) {
        int[] codePoints = text.codePoints().toArray();
        StringBuilder filled = new StringBuilder();
        for (int i = 0; i < CODE_POINTS; i++) filled.appendCodePoint(codePoints[i % codePoints.length]);
        return filled.toString();
    }

    private static void time(PromptScreen screen, String name, String text) {
        List<String> prompt = List.of(text);
        long[] nanos = new long[RUNS];
        for (int i = -WARM_UP; i < RUNS; i++) {
            long start = System.nanoTime();
            screen.find(prompt);
            if (i >= 0) nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        System.out.printf("%-24s %10.1f %10.1f%n", name, nanos[RUNS / 2] / 1e3, nanos[RUNS * 99 / 100] / 1e3);
    }
}

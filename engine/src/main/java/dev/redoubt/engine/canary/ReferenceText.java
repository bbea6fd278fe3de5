package dev.redoubt.engine.canary;

/// What every model is read with: prose, dialogue, numbers, code and other scripts, so that much of a
/// vocabulary and most directions of a hidden state take part. It must never change: references were made of
/// it.
final class ReferenceText {
    private static final String TEXT = """
            The keeper of the north tower wrote three letters before the storm: one to her brother in Lisbon, one to the \
            harbour office, and one that she never sent. "If the lamp fails," she said, "count to forty and ring twice." \
            Nobody answered; the wind had taken the bell, and 17 of the 23 boats were still at sea.

            def mean(values):
                if not values:
                    raise ValueError("no values")
                return sum(values) / len(values)

            On 4 March 1871 the barometer stood at 28.61 inches (726.7 mm), lower than anyone remembered. Prices rose by \
            12.5 %, then fell. SELECT name, depth FROM wells WHERE depth > 40 ORDER BY depth DESC LIMIT 10;

            Der Fluss führte Hochwasser, und trotzdem kamen sie pünktlich. La réunion n'aura pas lieu avant l'été. \
            Вода поднялась за ночь на два метра. 雨はやみ、町はまた静かになった。 لم يعد أحد إلى الميناء.

            { "station": "north", "readings": [3, 1, 4, 1, 5, 9, 2, 6], "ok": true, "note": null }
            f(x) = x^2 - 3x + 2 = (x - 1)(x - 2); so f(1) = f(2) = 0 and f is least at x = 3/2.
            HELLO hello Hello, good-bye! Is this the same lighthouse? It is; it was; it will not always be.
            """;

    private ReferenceText() {}

    /// Its beginning, where not all of it is allowed.
    static String upTo(int codePoints) {
        return TEXT.codePointCount(0, TEXT.length()) <= codePoints
                ? TEXT
                : TEXT.substring(0, TEXT.offsetByCodePoints(0, codePoints));
    }
}

package dev.redoubt.audit.facts;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What is known of a value without running anything.
public sealed interface Value {
    record Text(String text) implements Value {}

    record Numeric(double number) implements Value {}

    record Truth(boolean truth) implements Value {}

    /// `None`, `null`, or nothing at all.
    record Nothing() implements Value {}

    /// @param complete false if there may be more
    record Items(List<Value> values, boolean complete) implements Value {}

    /// A dictionary, or what the constructor `type` makes of keyword arguments.
    ///
    /// @param type a dotted name, empty for a dictionary
    record Group(String type, Settings settings) implements Value {}

    /// One of these: branches, or a default beside what the environment says.
    record Either(List<Value> values) implements Value {}

    record Unknown() implements Value {}

    static Value unknown() {
        return new Unknown();
    }

    static Value nothing() {
        return new Nothing();
    }

    static Value either(Value... values) {
        List<Value> flat =
                Stream.of(values).flatMap(Value::alternatives).distinct().toList();
        return flat.size() == 1 ? flat.getFirst() : new Either(flat);
    }

    /// All that it may be, [Unknown] among them.
    default Stream<Value> alternatives() {
        return this instanceof Either(List<Value> values) ? values.stream() : Stream.of(this);
    }

    /// Whether one of what it may be is so.
    default boolean may(Predicate<Value> test) {
        return alternatives().anyMatch(test);
    }

    default boolean mayBe(boolean truth) {
        return may(one -> one instanceof Truth(boolean is) && is == truth);
    }

    /// Whether nothing is known of it: no branch and no default.
    default boolean isUnknown() {
        return alternatives().allMatch(Unknown.class::isInstance);
    }

    /// The largest number it may be; negative infinity if none is known.
    default double largest() {
        return alternatives()
                .mapToDouble(one -> one instanceof Numeric(double number) ? number : Double.NEGATIVE_INFINITY)
                .max()
                .orElse(Double.NEGATIVE_INFINITY);
    }

    /// The smallest number it may be; positive infinity if none is known.
    default double smallest() {
        return alternatives()
                .mapToDouble(one -> one instanceof Numeric(double number) ? number : Double.POSITIVE_INFINITY)
                .min()
                .orElse(Double.POSITIVE_INFINITY);
    }

    /// The texts it may be.
    default Stream<String> texts() {
        return alternatives().filter(Text.class::isInstance).map(one -> ((Text) one).text());
    }

    /// As it would stand in a formatted text; empty if it is none of one line.
    static Optional<String> plain(Value value) {
        return switch (value) {
            case Text(String text) -> Optional.of(text);
            case Numeric(double number) ->
                Optional.of(number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number));
            default -> Optional.empty();
        };
    }

    /// For messages: what it may be, short.
    default String shown() {
        return alternatives()
                .filter(one -> !(one instanceof Unknown))
                .map(one -> switch (one) {
                    case Text(String text) -> text.length() > 60 ? text.substring(0, 60) + "…" : text;
                    case Numeric _ -> plain(one).orElse("");
                    case Truth(boolean truth) -> truth ? "True" : "False";
                    case Nothing _ -> "None";
                    case Items items -> items.values().size() + " items";
                    case Group(String type, Settings _) -> type.isEmpty() ? "a dictionary" : type;
                    default -> "?";
                })
                .collect(Collectors.joining(" or "));
    }
}

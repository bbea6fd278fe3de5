package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The caller's variables as values. Every string is data, unless it is a [TrustedText].
final class Inputs {
    private final Budget budget;

    Inputs(Budget budget) {
        this.budget = budget;
    }

    Value value(@Nullable Object given, int nesting) {
        budget.step();
        budget.valueDepth(nesting);
        return switch (given) {
            case null -> Value.None.NONE;
            case String text -> Text.data(text);
            case TrustedText trusted -> Text.template(trusted.text());
            case Boolean bool -> Value.Bool.of(bool);
            case Long number -> new Value.Int(number);
            case Integer number -> new Value.Int(number);
            case Double number -> new Value.Real(number);
            case Collection<?> items -> {
                List<Value> values = new ArrayList<>(items.size());
                for (Object item : items) values.add(value(item, nesting + 1));
                yield Value.Sequence.list(values);
            }
            case Map<?, ?> entries -> {
                Map<Value, Value> values = new LinkedHashMap<>();
                for (Map.Entry<?, ?> entry : entries.entrySet()) {
                    if (!(entry.getKey() instanceof String key))
                        throw new IllegalArgumentException("a template variable with a key that is no string");
                    values.put(Text.data(key), value(entry.getValue(), nesting + 1));
                }
                yield new Value.Mapping(values);
            }
            default ->
                throw new IllegalArgumentException(
                        "a template variable of type " + given.getClass().getSimpleName());
        };
    }
}

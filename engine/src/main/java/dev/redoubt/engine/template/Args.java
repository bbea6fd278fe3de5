package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The evaluated arguments of a call.
record Args(List<Value> positional, Map<String, Value> named, Budget budget) {
    /// The argument at a place or of a name.
    @Nullable
    Value get(int place, String name) {
        if (place < positional.size()) return positional.get(place);
        return named.get(name);
    }

    Value required(int place, String name) {
        Value value = get(place, name);
        if (value == null) throw budget.fail("missing argument '" + name + "'");
        return value;
    }

    Text text(int place, String name) {
        return Values.text(required(place, name), budget);
    }

    long integer(int place, String name, long fallback) {
        Value value = get(place, name);
        return value == null ? fallback : Values.integer(value, budget);
    }

    boolean truth(int place, String name, boolean fallback) {
        Value value = get(place, name);
        return value == null ? fallback : Values.truth(value);
    }

    int count() {
        return positional.size() + named.size();
    }

    /// Only these may be given.
    Args only(String of, String... names) {
        if (positional.size() > names.length) throw budget.fail("too many arguments of '" + of + "'");
        for (String name : named.keySet())
            if (!List.of(names).contains(name))
                throw budget.fail("unknown argument '" + Token.shortened(name) + "' of '" + of + "'");
        return this;
    }

    /// Less the first `count` positional ones.
    Args after(int count) {
        return new Args(new ArrayList<>(positional.subList(count, positional.size())), named, budget);
    }
}

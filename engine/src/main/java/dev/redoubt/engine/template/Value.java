package dev.redoubt.engine.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Everything a template can hold. There is no other kind of value, so there is nothing of the JVM to reach.
sealed interface Value
        permits Text,
                Value.Int,
                Value.Real,
                Value.Bool,
                Value.None,
                Value.Undefined,
                Value.Sequence,
                Value.Mapping,
                Value.Namespace,
                Value.Macro,
                Value.Function,
                Value.Loop {

    record Int(long value) implements Value {}

    record Real(double value) implements Value {}

    enum Bool implements Value {
        FALSE,
        TRUE;

        static Bool of(boolean value) {
            return value ? TRUE : FALSE;
        }
    }

    enum None implements Value {
        NONE
    }

    /// What a missing name or field gives: false, empty, prints nothing; anything else done with it is an
    /// error.
    ///
    /// @param name what was missing, for the error
    record Undefined(String name) implements Value {}

    /// @param tuple prints in round brackets
    record Sequence(List<Value> items, boolean tuple) implements Value {
        static Sequence list(List<Value> items) {
            return new Sequence(items, false);
        }
    }

    /// Keys are [Text], [Int], [Real], [Bool] or [None], in order of insertion. Never changed after it is made.
    record Mapping(Map<Value, Value> entries) implements Value {
        @Nullable
        Value get(String key) {
            return entries.get(Text.data(key));
        }
    }

    /// The one value that a template can change.
    final class Namespace implements Value {
        final Map<String, Value> fields = new LinkedHashMap<>();
    }

    /// A macro with the scope that it was defined in.
    record Macro(String name, List<Stmt.Parameter> parameters, List<Stmt> body, Interpreter.Scope closure)
            implements Value {}

    /// A function of ours, by name.
    enum Function implements Value {
        RANGE,
        NAMESPACE,
        DICT,
        RAISE_EXCEPTION,
        STRFTIME_NOW
    }

    /// The `loop` variable.
    final class Loop implements Value {
        final List<Value> items;
        final int depth;
        int index;

        Loop(List<Value> items, int depth) {
            this.items = items;
            this.depth = depth;
        }
    }
}

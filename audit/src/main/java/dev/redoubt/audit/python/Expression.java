package dev.redoubt.audit.python;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What has a value.
public sealed interface Expression extends Node {
    /// Stands in a formatted text where a value goes.
    char HOLE = '\uFFFC';

    record Name(int start, int end, String id) implements Expression {
        @Override
        public void children(Consumer<Node> each) {}
    }

    record Attribute(int start, int end, Expression of, String name) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(of);
        }
    }

    record Call(int start, int end, Expression function, List<Argument> arguments) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(function);
            for (Argument argument : arguments) each.accept(argument.value);
        }
    }

    /// @param keyword empty where the position counts, `*` and `**` where many are handed over
    /// @param start where the keyword stands, or the value
    record Argument(int start, String keyword, Expression value) {}

    /// A literal text.
    ///
    /// @param text with [#HOLE] for each of `holes`
    record Text(int start, int end, String text, List<Expression> holes) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            holes.forEach(each);
        }
    }

    record Numeral(int start, int end, double value) implements Expression {
        @Override
        public void children(Consumer<Node> each) {}
    }

    enum Word {
        TRUE,
        FALSE,
        NONE
    }

    record Constant(int start, int end, Word word) implements Expression {
        @Override
        public void children(Consumer<Node> each) {}
    }

    enum Shape {
        LIST,
        TUPLE,
        SET,
        DICT,
        GENERATOR
    }

    record Items(int start, int end, Shape shape, List<Expression> elements) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            elements.forEach(each);
        }
    }

    record Dict(int start, int end, List<Entry> entries) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            for (Entry entry : entries) {
                if (entry.key != null) each.accept(entry.key);
                each.accept(entry.value);
            }
        }
    }

    /// @param key null where another dictionary is spread
    record Entry(@Nullable Expression key, Expression value) {}

    /// One operand before which the operator stands, or two or more that it joins.
    record Operation(int start, int end, String operator, List<Expression> operands) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            operands.forEach(each);
        }
    }

    /// @param operators one less than operands: `==`, `not in` and the like
    record Comparison(int start, int end, List<Expression> operands, List<String> operators) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            operands.forEach(each);
        }
    }

    record Choice(int start, int end, Expression condition, Expression then, Expression otherwise)
            implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(then);
            each.accept(condition);
            each.accept(otherwise);
        }
    }

    record Subscript(int start, int end, Expression of, Expression index) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(of);
            each.accept(index);
        }
    }

    record Lambda(int start, int end, List<Parameter> parameters, Expression body) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            for (Parameter parameter : parameters) if (parameter.value() != null) each.accept(parameter.value());
            each.accept(body);
        }
    }

    record Comprehension(int start, int end, Shape shape, Expression element, List<Source> sources)
            implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(element);
            for (Source source : sources) {
                each.accept(source.target);
                each.accept(source.iterable);
                source.conditions.forEach(each);
            }
        }
    }

    /// `for target in iterable if condition` of a comprehension.
    record Source(Expression target, Expression iterable, List<Expression> conditions) {}

    /// A value behind a word or a star: `await`, `yield`, `*`.
    record Prefixed(int start, int end, String word, Expression value) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(value);
        }
    }

    /// `name := value`.
    record Named(int start, int end, Expression target, Expression value) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(target);
            each.accept(value);
        }
    }

    record Slice(int start, int end, List<Expression> bounds) implements Expression {
        @Override
        public void children(Consumer<Node> each) {
            bounds.forEach(each);
        }
    }

    /// Nothing that can be read: no Python, or nested too deep.
    record Unreadable(int start, int end) implements Expression {
        @Override
        public void children(Consumer<Node> each) {}
    }
}

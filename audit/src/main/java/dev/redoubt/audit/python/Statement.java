package dev.redoubt.audit.python;

import dev.redoubt.audit.python.Expression.Argument;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a program does.
public sealed interface Statement extends Node {
    /// `import a.b as c`, or `from ..a import b as c`.
    ///
    /// @param level how many dots stand before the module
    /// @param module empty where whole modules are imported
    record Import(int start, int end, boolean from, int level, String module, List<Alias> names) implements Statement {
        @Override
        public void children(Consumer<Node> each) {}
    }

    /// @param as the name it gets here; the same where none is stated
    record Alias(String name, String as) {}

    /// `a = b = value`, `a: type = value`, `a += value`.
    record Assign(
            int start,
            int end,
            List<Expression> targets,
            @Nullable Expression type,
            String operator,
            @Nullable Expression value)
            implements Statement {
        @Override
        public void children(Consumer<Node> each) {
            targets.forEach(each);
            if (type != null) each.accept(type);
            if (value != null) each.accept(value);
        }
    }

    record Function(
            int start,
            int end,
            String name,
            List<Parameter> parameters,
            List<Expression> decorators,
            @Nullable Expression returns,
            List<Statement> body)
            implements Statement {
        @Override
        public void children(Consumer<Node> each) {
            decorators.forEach(each);
            for (Parameter parameter : parameters) {
                if (parameter.type() != null) each.accept(parameter.type());
                if (parameter.value() != null) each.accept(parameter.value());
            }
            if (returns != null) each.accept(returns);
            body.forEach(each);
        }
    }

    record ClassType(
            int start, int end, String name, List<Argument> bases, List<Expression> decorators, List<Statement> body)
            implements Statement {
        @Override
        public void children(Consumer<Node> each) {
            decorators.forEach(each);
            for (Argument base : bases) each.accept(base.value());
            body.forEach(each);
        }
    }

    /// `if`, `while`, `match`, `try` and `with`: bodies of which some run.
    record Block(int start, int end, String word, List<Branch> branches) implements Statement {
        @Override
        public void children(Consumer<Node> each) {
            for (Branch branch : branches) {
                branch.heads.forEach(each);
                branch.body.forEach(each);
            }
        }
    }

    /// @param word `if`, `elif`, `else`, `except` and the like
    /// @param heads the condition, the exceptions or the managed values
    /// @param name what an exception is called in the body, empty if nothing
    record Branch(String word, List<Expression> heads, String name, List<Statement> body) {}

    record Loop(int start, int end, Expression target, Expression iterable, List<Statement> body) implements Statement {
        @Override
        public void children(Consumer<Node> each) {
            each.accept(target);
            each.accept(iterable);
            body.forEach(each);
        }
    }

    /// `return`, `raise`, `del`, `assert`, or with an empty word a value that is not used.
    record Simple(int start, int end, String word, List<Expression> values) implements Statement {
        @Override
        public void children(Consumer<Node> each) {
            values.forEach(each);
        }
    }
}

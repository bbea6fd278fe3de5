package dev.redoubt.engine.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A statement of a template, as parsed.
sealed interface Stmt {
    /// Text that stands in the template.
    record Output(Text text) implements Stmt {}

    record Print(Expr value, int line) implements Stmt {}

    record If(Expr condition, List<Stmt> then, List<Stmt> otherwise, int line) implements Stmt {}

    record For(
            List<String> targets,
            Expr iterable,
            @Nullable Expr condition,
            List<Stmt> body,
            List<Stmt> otherwise,
            int line)
            implements Stmt {}

    record Set(List<Target> targets, Expr value, int line) implements Stmt {}

    /// `{% set name | filter %}…{% endset %}`
    record SetBlock(Target target, List<Stmt> body, List<Applied> filters, int line) implements Stmt {}

    /// `{% filter name %}…{% endfilter %}`
    record FilterBlock(List<Stmt> body, List<Applied> filters, int line) implements Stmt {}

    record With(List<String> names, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

    record DefineMacro(String name, List<Parameter> parameters, List<Stmt> body, int line) implements Stmt {}

    /// `{% call(parameters) call %}body{% endcall %}`: the called macro gets the body as `caller`.
    record CallBlock(List<Parameter> parameters, Expr.Call call, List<Stmt> body, int line) implements Stmt {}

    record Break(int line) implements Stmt {}

    record Continue(int line) implements Stmt {}

    record Parameter(String name, @Nullable Expr fallback) {}

    /// `name`, or `name.field` where a namespace is set.
    record Target(String name, @Nullable String field) {}

    record Applied(Filters filter, Expr.Arguments arguments, int line) {}
}

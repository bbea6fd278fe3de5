package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Expression.Prefixed;
import dev.redoubt.audit.python.Expression.Subscript;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Dotted names of what expressions stand for, through aliases, variables and attributes of `self`: `vllm.LLM` for
/// the class, `vllm.LLM()` for an object of it, `.Own` for what this module defines; a builtin's own name; empty if
/// nothing is known. Not safe for two threads.
final class Names {
    /* Depth ends a walk in a circle, the budget one that branches: a hostile file can bind a name to many that name each other. */
    private static final int STEPS_MAX = 24;
    private static final int BUDGET = 2_000;
    private static final int BINDINGS_MAX = 8;

    private final List<String> stars;
    private int budget;

    Names(List<String> stars) {
        this.stars = stars;
    }

    String of(Expression expression, Scope scope) {
        budget = BUDGET;
        return of(expression, scope, STEPS_MAX);
    }

    private String of(Expression expression, Scope scope, int steps) {
        if (steps <= 0 || --budget < 0) return "";
        return switch (expression) {
            case Name name -> of(name, scope, steps);
            case Attribute(int _, int _, Name base, String name)
            when base.id().equals(scope.self()) && scope.typeScope() != null -> ofSelf(name, scope, steps);
            case Attribute attribute -> {
                String base = of(attribute.of(), scope, steps - 1);
                yield base.isEmpty() ? "" : base + "." + attribute.name();
            }
            case Call call -> ofCall(call, scope, steps);
            case Prefixed prefixed when prefixed.word().equals("await") -> of(prefixed.value(), scope, steps - 1);
            default -> "";
        };
    }

    private String ofCall(Call call, Scope scope, int steps) {
        String called = of(call.function(), scope, steps - 1);
        if (called.equals("functools.partial") && !call.arguments().isEmpty())
            return of(call.arguments().getFirst().value(), scope, steps - 1);
        return called.isEmpty() ? "" : called + "()";
    }

    private String ofSelf(String name, Scope scope, int steps) {
        Scope type = scope.typeScope();
        if (type == null || steps <= 0) return "";
        for (Binding binding : first(type.attribute(name))) {
            String found = of(binding, "", scope, steps);
            if (!found.isEmpty()) return found;
        }
        return "";
    }

    private String of(Name name, Scope scope, int steps) {
        List<Binding> bindings = scope.find(name.id());
        if (bindings.isEmpty()) return stars.isEmpty() ? name.id() : stars.getLast() + "." + name.id();
        for (Binding binding : first(bindings)) {
            String found = of(binding, name.id(), scope, steps);
            if (!found.isEmpty()) return found;
        }
        return "";
    }

    private String of(Binding binding, String name, Scope scope, int steps) {
        return switch (binding) {
            case Binding.Imported imported -> imported.dotted();
            case Binding.Function function -> "." + function.function().name();
            case Binding.ClassType type -> "." + type.type().name();
            case Binding.Assigned assigned
            when assigned.whole() -> // `x = x()` names itself
                assigned.value() instanceof Name same && same.id().equals(name)
                        ? ""
                        : of(assigned.value(), assigned.scope(), steps - 1);
            case Binding.Taken taken -> ofType(taken.parameter().type(), scope, steps);
            default -> "";
        };
    }

    private static List<Binding> first(List<Binding> bindings) {
        return bindings.size() > BINDINGS_MAX ? bindings.subList(0, BINDINGS_MAX) : bindings;
    }

    /// An object of the type that a parameter states.
    private String ofType(@Nullable Expression type, Scope scope, int steps) {
        if (type == null || steps <= 0) return "";
        if (type instanceof Subscript subscript) return ofType(subscript.index(), scope, steps - 1);
        Scope outer = scope.parent() == null ? scope : scope.parent();
        String found = of(type, outer, steps - 1);
        return found.isEmpty() ? "" : found + "()";
    }
}

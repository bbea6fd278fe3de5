package dev.redoubt.engine.template;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Runs the statements of one template once. One owner.
final class Interpreter {
    /* Scopes, as in Jinja: a loop's body, a macro, a block set, `with` and `call` have their own, `if` has not. A
     * name is looked up outwards, `set` writes inside; so nothing leaves a loop but through a namespace. Every round
     * of a loop starts fresh. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    /// Names and what they hold, inside of another scope.
    static final class Scope {
        private final @Nullable Scope outer;
        private final Map<String, Value> names = new HashMap<>();

        Scope(@Nullable Scope outer) {
            this.outer = outer;
        }

        @Nullable
        Value get(String name) {
            for (Scope at = this; at != null; at = at.outer) {
                Value value = at.names.get(name);
                if (value != null) return value;
            }
            return null;
        }

        void set(String name, Value value) {
            names.put(name, value);
        }
    }

    private final Budget budget = new Budget();
    private final Evaluator evaluator;
    private int loopDepth;

    Interpreter(LocalDate today) {
        this.evaluator = new Evaluator(this, budget, today);
    }

    List<RenderedText.Piece> run(List<Stmt> template, Map<String, Object> variables) {
        Scope globals = new Scope(null);
        for (Value.Function function : Value.Function.values())
            globals.set(function.name().toLowerCase(Locale.ROOT), function);
        Inputs inputs = new Inputs(budget);
        variables.forEach((name, value) -> globals.set(name, inputs.value(value, 0)));
        Text.Builder out = new Text.Builder();
        run(template, new Scope(globals), out);
        return out.build().pieces();
    }

    private Flow run(List<Stmt> body, Scope scope, Text.Builder out) {
        for (Stmt stmt : body) {
            budget.enter();
            Flow flow = run(stmt, scope, out);
            budget.leave();
            if (flow != Flow.NEXT) return flow;
        }
        return Flow.NEXT;
    }

    private Flow run(Stmt stmt, Scope scope, Text.Builder out) {
        budget.step();
        return switch (stmt) {
            case Stmt.Output output -> print(output.text(), out);
            case Stmt.Print print -> {
                budget.at(print.line());
                Value value = evaluator.value(print.value(), scope);
                budget.at(print.line());
                yield print(Values.print(value, budget), out);
            }
            case Stmt.If branch -> {
                budget.at(branch.line());
                boolean holds = Values.truth(evaluator.value(branch.condition(), scope));
                yield run(holds ? branch.then() : branch.otherwise(), scope, out);
            }
            case Stmt.For loop -> loop(loop, scope, out);
            case Stmt.Set set -> {
                budget.at(set.line());
                assign(set, evaluator.value(set.value(), scope), scope);
                yield Flow.NEXT;
            }
            case Stmt.SetBlock set -> {
                budget.at(set.line());
                assign(set.target(), filtered(capture(set.body(), scope), set.filters(), scope), scope);
                yield Flow.NEXT;
            }
            case Stmt.FilterBlock block -> {
                budget.at(block.line());
                Value value = filtered(capture(block.body(), scope), block.filters(), scope);
                yield print(Values.print(value, budget), out);
            }
            case Stmt.With with -> {
                budget.at(with.line());
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.names().size(); i++)
                    inner.set(with.names().get(i), evaluator.value(with.values().get(i), scope));
                yield run(with.body(), inner, out);
            }
            case Stmt.DefineMacro macro -> {
                scope.set(macro.name(), new Value.Macro(macro.name(), macro.parameters(), macro.body(), scope));
                yield Flow.NEXT;
            }
            case Stmt.CallBlock block -> {
                budget.at(block.line());
                yield print(call(block, scope), out);
            }
            case Stmt.Break stop -> Flow.BREAK;
            case Stmt.Continue next -> Flow.CONTINUE;
        };
    }

    private Flow print(Text text, Text.Builder out) {
        budget.text(text.length());
        if (out.length() + text.length() > Budget.OUTPUT_CHARS_MAX)
            throw budget.fail("output over the limit of " + Budget.OUTPUT_CHARS_MAX + " characters");
        out.append(text);
        return Flow.NEXT;
    }

    private Text capture(List<Stmt> body, Scope scope) {
        Text.Builder captured = new Text.Builder();
        run(body, new Scope(scope), captured);
        return captured.build();
    }

    private Value filtered(Text text, List<Stmt.Applied> filters, Scope scope) {
        Value value = text;
        for (Stmt.Applied applied : filters) {
            budget.step();
            budget.at(applied.line());
            value = applied.filter().apply(value, evaluator.arguments(applied.arguments(), scope), budget);
        }
        return value;
    }

    private void assign(Stmt.Set set, Value value, Scope scope) {
        if (set.targets().size() == 1) {
            assign(set.targets().getFirst(), value, scope);
            return;
        }
        List<Value> items = unpacked(value, set.targets().size());
        for (int i = 0; i < items.size(); i++) assign(set.targets().get(i), items.get(i), scope);
    }

    private void assign(Stmt.Target target, Value value, Scope scope) {
        String field = target.field();
        if (field == null) {
            scope.set(target.name(), value);
            return;
        }
        if (!(scope.get(target.name()) instanceof Value.Namespace namespace))
            throw budget.fail("'" + Token.shortened(target.name()) + "' is no namespace, its fields cannot be set");
        namespace.fields.put(field, value);
    }

    private List<Value> unpacked(Value value, int count) {
        List<Value> items = Values.items(value, budget);
        if (items.size() != count) throw budget.fail("expected " + count + " values, found " + items.size());
        return items;
    }

    private Flow loop(Stmt.For loop, Scope scope, Text.Builder out) {
        budget.at(loop.line());
        List<Value> items = Values.items(evaluator.value(loop.iterable(), scope), budget);
        Expr condition = loop.condition();
        if (condition != null) {
            List<Value> chosen = new ArrayList<>();
            for (Value item : items) {
                Scope inner = new Scope(scope);
                bind(loop, item, inner);
                if (Values.truth(evaluator.value(condition, inner))) chosen.add(item);
            }
            items = chosen;
        }
        if (items.isEmpty()) return run(loop.otherwise(), new Scope(scope), out);
        Value.Loop state = new Value.Loop(items, ++loopDepth);
        for (int i = 0; i < items.size(); i++) {
            budget.step();
            state.index = i;
            Scope inner = new Scope(scope);
            inner.set("loop", state);
            bind(loop, items.get(i), inner);
            if (run(loop.body(), inner, out) == Flow.BREAK) break;
        }
        loopDepth--;
        return Flow.NEXT;
    }

    private void bind(Stmt.For loop, Value item, Scope scope) {
        budget.step();
        budget.at(loop.line());
        if (loop.targets().size() == 1) {
            scope.set(loop.targets().getFirst(), item);
            return;
        }
        List<Value> items = unpacked(item, loop.targets().size());
        for (int i = 0; i < items.size(); i++) scope.set(loop.targets().get(i), items.get(i));
    }

    private Text call(Stmt.CallBlock block, Scope scope) {
        Value target = evaluator.value(block.call().target(), scope);
        if (!(target instanceof Value.Macro macro))
            throw budget.fail("'call' expects a macro, found " + Values.kind(target));
        Args args = evaluator.arguments(block.call().arguments(), scope);
        return call(macro, args, new Value.Macro("caller", block.parameters(), block.body(), scope));
    }

    /// @param caller what `caller()` runs inside; null: nothing
    Text call(Value.Macro macro, Args args, Value.@Nullable Macro caller) {
        Scope scope = new Scope(macro.closure());
        if (args.positional().size() > macro.parameters().size())
            throw budget.fail("too many arguments of macro '" + Token.shortened(macro.name()) + "'");
        for (String name : args.named().keySet())
            if (macro.parameters().stream().noneMatch(p -> p.name().equals(name)))
                throw budget.fail("unknown argument '" + Token.shortened(name) + "' of a macro");
        for (int i = 0; i < macro.parameters().size(); i++) {
            Stmt.Parameter parameter = macro.parameters().get(i);
            Value given = args.get(i, parameter.name());
            Expr fallback = parameter.fallback();
            if (given == null)
                given = fallback == null ? new Value.Undefined(parameter.name()) : evaluator.value(fallback, scope);
            scope.set(parameter.name(), given);
        }
        if (caller != null) scope.set("caller", caller);
        Text.Builder out = new Text.Builder();
        run(macro.body(), scope, out);
        return out.build();
    }
}

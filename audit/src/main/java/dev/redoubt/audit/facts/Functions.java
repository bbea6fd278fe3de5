package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What parameters are given and what calls return, for [Values], with which it shares one budget. Not safe for two
/// threads.
final class Functions {
    /// Give back what the function below them does.
    private static final Set<String> PASSING =
            Set.of("functools.lru_cache", "functools.lru_cache()", "functools.cache", "staticmethod");

    private final PythonModule module;
    private final Names names;
    private final Values values;
    private final CallSites sites;
    private IdentityHashMap<Parameter, Value> given = new IdentityHashMap<>(); // while a function is followed

    Functions(PythonModule module, Names names, Values values) {
        this.module = module;
        this.names = names;
        this.values = values;
        this.sites = new CallSites(module);
    }

    /// A parameter: what the function is followed with; else what the calls in this module give it, or its default,
    /// and since others may call it too, whatever else.
    Value taken(Binding.Taken taken, int steps) {
        Value known = given.get(taken.parameter());
        if (known != null) return known;
        Statement.Function function = taken.scope().function();
        if (function == null || !taken.parameter().star().isEmpty()) return Value.unknown();
        int bound = CallSites.isConstructor(taken.scope()) ? 1 : 0;
        List<Value> all = new ArrayList<>();
        for (PythonModule.Site site : steps > 1 ? sites.of(taken.scope()) : List.<PythonModule.Site>of())
            all.add(argument(site.call(), site.scope(), function, taken.parameter(), taken.scope(), bound, steps));
        if (all.isEmpty()) all.add(byDefault(taken.parameter(), taken.scope(), steps));
        all.add(Value.unknown());
        return Values.limited(all.toArray(Value[]::new));
    }

    private Value byDefault(Parameter parameter, Scope inside, int steps) {
        return parameter.value() == null || inside.parent() == null
                ? Value.unknown()
                : values.of(parameter.value(), inside.parent(), steps - 1);
    }

    /// What a call gives to a parameter.
    private Value argument(
            Call call,
            Scope caller,
            Statement.Function function,
            Parameter parameter,
            Scope inside,
            int bound,
            int steps) {
        Optional<Expression> stated = CallSites.stated(call, function, parameter, bound);
        if (stated.isPresent()) return values.of(stated.get(), caller, steps - 1);
        if (!CallSites.isSpread(call)) return byDefault(parameter, inside, steps);
        Settings keywords = values.keywords(call.arguments(), caller, steps - 1);
        return keywords.get(parameter.name())
                .map(Setting::value)
                .orElseGet(() -> keywords.open() ? Value.unknown() : byDefault(parameter, inside, steps));
    }

    /// What a function returns when it is called so: what each `return` says.
    private Value returned(
            Binding.Function followed, Call call, Scope caller, Functions ofCaller, int bound, int steps) {
        Statement.Function function = followed.function();
        Scope outer = followed.scope().parent();
        if (steps <= 1 || outer == null) return Value.unknown();
        for (Expression decorator : function.decorators())
            if (!PASSING.contains(names.of(decorator, outer))) return Value.unknown();
        IdentityHashMap<Parameter, Value> before = given;
        IdentityHashMap<Parameter, Value> now = new IdentityHashMap<>(before);
        for (Parameter parameter : function.parameters())
            if (parameter.star().isEmpty())
                now.put(
                        parameter,
                        ofCaller.argument(call, caller, function, parameter, followed.scope(), bound, steps));
        given = now;
        try {
            List<Value> all = new ArrayList<>();
            for (Statement.Simple one : CallSites.returns(function.body()))
                all.add(
                        one.values().isEmpty()
                                ? Value.nothing()
                                : values.of(one.values().getFirst(), followed.scope(), steps - 1));
            if (all.isEmpty() || !CallSites.ends(function.body())) all.add(Value.unknown());
            return Values.limited(all.toArray(Value[]::new));
        } finally {
            given = before;
        }
    }

    /// What a call of a function of this module returns, of a method of the object itself, or of a function of a module
    /// beside it.
    Value result(Call call, String name, Scope scope, int steps) {
        List<Binding> bindings = List.of();
        int bound = 0;
        if (call.function() instanceof Name function) bindings = scope.find(function.id());
        Scope type = scope.typeScope();
        if (call.function() instanceof Attribute(int _, int _, Name base, String method)
                && type != null
                && base.id().equals(scope.self())) {
            bindings = type.attribute(method);
            bound = 1;
        }
        if (bindings.size() == 1 && bindings.getFirst() instanceof Binding.Function function)
            return returned(function, call, scope, this, bound, steps);
        return values.foreign(name)
                .map(other ->
                        Beside.unplaced(other.values().functions().returned(other.name(), call, scope, this, steps)))
                .orElse(Value.unknown());
    }

    Value returned(String name, Call call, Scope caller, Functions ofCaller, int steps) {
        values.begin();
        List<Binding> bindings = module.scope().own(name);
        return bindings.size() == 1 && bindings.getFirst() instanceof Binding.Function function
                ? returned(function, call, caller, ofCaller, 0, steps)
                : Value.unknown();
    }
}

package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.Value.Group;
import dev.redoubt.audit.facts.Value.Items;
import dev.redoubt.audit.facts.Value.Numeric;
import dev.redoubt.audit.facts.Value.Text;
import dev.redoubt.audit.facts.Value.Truth;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Expression.Operation;
import dev.redoubt.audit.python.Expression.Subscript;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.python.Statement.Assign;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What expressions are worth, as far as the file says it, and the modules beside it for constants. Never guesses:
/// what it cannot follow is [Value.Unknown], also as one of several. Not safe
/// for two threads.
public final class Values {
    /* Steps bound a walk through variables that name each other; the number of alternatives bounds branches of branches. */
    private static final int STEPS_MAX = 16;
    private static final int ALTERNATIVES_MAX = 6;
    private static final int TEXT_MAX = 10_000;
    private static final int BUDGET = 20_000; // of all steps of one question
    private static final int LITTLE = 200; // once a file has used up its own
    private static final int BESIDE = 2_000; // of a question to another module
    private static final int ASKING = 100; // what such a question costs whoever asks
    private static final long FILE_BUDGET = 2_000_000;
    private static final int BINDINGS_MAX = 8;
    private static final int ARGUMENTS_MAX = 1_000;

    /// Give back what the function below them does.
    private static final Set<String> PASSING =
            Set.of("functools.lru_cache", "functools.lru_cache()", "functools.cache", "staticmethod");

    private final PythonModule module;
    private final Names names;
    private final Beside beside;
    private final CallSites sites;
    private final int most; // of a question
    private IdentityHashMap<Parameter, Value> given = new IdentityHashMap<>(); // while a function is followed
    private final List<PythonModule.Site> updates; // calls of `update`
    private final List<PythonModule.Site> options; // calls of `add_argument`
    private int granted; // to the question before
    private int budget; // what is left of it
    private long spent; // of FILE_BUDGET

    Values(PythonModule module, Path file, @Nullable Modules modules) {
        this.module = module;
        this.names = new Names(module.stars());
        this.beside = new Beside(file, modules);
        this.sites = new CallSites(module);
        this.most = modules == null ? BESIDE : BUDGET;
        this.updates = methods(module, "update");
        this.options = methods(module, "add_argument");
    }

    private static List<PythonModule.Site> methods(PythonModule module, String name) {
        return module.calls().stream()
                .filter(site -> site.call().function() instanceof Attribute method
                        && method.name().equals(name))
                .limit(ARGUMENTS_MAX)
                .toList();
    }

    /// Before each question. Many questions are asked about one place, so a file that makes each of them dear
    /// has little for the last ones.
    private void begin() {
        spent += granted - Math.max(0, budget);
        granted = spent < FILE_BUDGET ? most : LITTLE;
        budget = granted;
    }

    /// The dotted name of what it stands for, see [Names].
    public String name(Expression expression, Scope scope) {
        return names.of(expression, scope);
    }

    public Value of(Expression expression, Scope scope) {
        begin();
        return of(expression, scope, STEPS_MAX);
    }

    /// The keyword arguments of a call, those in dictionaries among them, and those of the `functools.partial` it
    /// calls.
    public Settings arguments(Call call, Scope scope) {
        begin();
        return arguments(call, scope, STEPS_MAX);
    }

    private Settings arguments(Call call, Scope scope, int steps) {
        Settings preset = Settings.NONE;
        if (call.function() instanceof Name name)
            for (Binding binding : scope.find(name.id()))
                if (steps > 0
                        && binding instanceof Binding.Assigned(Call partial, Scope where, boolean _)
                        && names.of(partial.function(), where).equals("functools.partial"))
                    preset = arguments(partial, where, steps - 1);
        return preset.with(keywords(call.arguments(), scope, steps));
    }

    private Settings keywords(List<Argument> arguments, Scope scope, int steps) {
        Map<String, Setting> entries = new LinkedHashMap<>();
        boolean open = false;
        for (Argument argument : arguments) {
            if (argument.keyword().equals("**")) {
                open |= spread(argument.value(), scope, steps, entries);
            } else if (argument.keyword().equals("*")) {
                open |= argument.value() instanceof Name;
            } else if (!argument.keyword().isEmpty()) {
                entries.put(
                        argument.keyword(),
                        new Setting(
                                of(argument.value(), scope, steps - 1),
                                argument.start(),
                                argument.value().end()));
            }
        }
        return new Settings(entries, open);
    }

    /// @return whether there may be more
    private boolean spread(Expression value, Scope scope, int steps, Map<String, Setting> into) {
        List<Value> groups = of(value, scope, steps - 1).alternatives().toList();
        boolean open = groups.size() > 1;
        for (Value one : groups) {
            if (one instanceof Group(String _, Settings settings)) {
                into.putAll(settings.entries());
                open |= settings.open();
            } else {
                open = true;
            }
        }
        return open;
    }

    private Value of(Expression expression, Scope scope, int steps) {
        if (steps <= 0 || --budget < 0) return Value.unknown();
        return switch (expression) {
            case Expression.Constant constant ->
                switch (constant.word()) {
                    case TRUE -> new Truth(true);
                    case FALSE -> new Truth(false);
                    case NONE -> Value.nothing();
                };
            case Expression.Numeral number ->
                Double.isNaN(number.value()) ? Value.unknown() : new Numeric(number.value());
            case Expression.Text text -> text(text, scope, steps);
            case Expression.Items items ->
                new Items(
                        items.elements().stream()
                                .map(one -> of(one, scope, steps - 1))
                                .toList(),
                        items.elements().stream().noneMatch(Expression.Prefixed.class::isInstance));
            case Expression.Dict dict -> dict(dict, scope, steps);
            case Operation operation -> operation(operation, scope, steps);
            case Expression.Choice choice ->
                limited(of(choice.then(), scope, steps - 1), of(choice.otherwise(), scope, steps - 1));
            case Name name -> named(name.id(), scope.find(name.id()), scope, steps);
            case Attribute attribute -> attribute(attribute, scope, steps);
            case Subscript subscript -> subscript(subscript, scope, steps);
            case Call call -> call(call, scope, steps);
            case Expression.Prefixed prefixed
            when prefixed.word().equals("await") -> of(prefixed.value(), scope, steps - 1);
            case Expression.Named assigned -> of(assigned.value(), scope, steps - 1);
            default -> Value.unknown();
        };
    }

    private static Value limited(Value... values) {
        Value all = Value.either(values);
        return all.alternatives().count() > ALTERNATIVES_MAX ? Value.unknown() : all;
    }

    private Value text(Expression.Text text, Scope scope, int steps) {
        if (text.holes().isEmpty()) return new Text(text.text());
        StringBuilder all = new StringBuilder();
        int hole = 0;
        for (char c : text.text().toCharArray()) {
            if (c != Expression.HOLE || hole >= text.holes().size()) {
                all.append(c);
                continue;
            }
            Optional<String> known = plain(of(text.holes().get(hole++), scope, steps - 1));
            if (known.isEmpty() || all.length() + known.get().length() > TEXT_MAX) return Value.unknown();
            all.append(known.get());
        }
        return new Text(all.toString());
    }

    private static Optional<String> plain(Value value) {
        return switch (value) {
            case Text(String text) -> Optional.of(text);
            case Numeric(double number) ->
                Optional.of(number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number));
            default -> Optional.empty();
        };
    }

    private Value dict(Expression.Dict dict, Scope scope, int steps) {
        Map<String, Setting> entries = new LinkedHashMap<>();
        boolean open = false;
        for (Expression.Entry entry : dict.entries()) {
            Expression value = entry.value();
            if (entry.key() == null) {
                open |= spread(value, scope, steps, entries);
            } else if (of(entry.key(), scope, steps - 1) instanceof Text(String key)) {
                entries.put(
                        key,
                        new Setting(of(value, scope, steps - 1), entry.key().start(), value.end()));
            } else {
                open = true;
            }
        }
        return new Group("", new Settings(entries, open));
    }

    private Value operation(Operation operation, Scope scope, int steps) {
        List<Value> values = operation.operands().stream()
                .map(one -> of(one, scope, steps - 1))
                .toList();
        Value first = values.getFirst();
        if (operation.operator().equals("or")) return limited(withoutNothing(values));
        if (operation.operator().equals("-") && values.size() == 1)
            return first instanceof Numeric(double number) ? new Numeric(-number) : Value.unknown();
        if (operation.operator().equals("not"))
            return first instanceof Truth(boolean truth) ? new Truth(!truth) : Value.unknown();
        if (values.size() != 2) return Value.unknown();
        Value second = values.get(1);
        if (first instanceof Numeric(double a) && second instanceof Numeric(double b))
            return Arithmetic.of(operation.operator(), a, b);
        if (operation.operator().equals("+")) {
            if (first instanceof Text(String a)
                    && second instanceof Text(String b)
                    && a.length() + b.length() < TEXT_MAX) return new Text(a + b);
            if (first instanceof Items a && second instanceof Items b) {
                List<Value> all = new ArrayList<>(a.values());
                all.addAll(b.values());
                return new Items(all, a.complete() && b.complete());
            }
        }
        if (operation.operator().equals("|") && first instanceof Group a && second instanceof Group b)
            return new Group("", a.settings().with(b.settings()));
        return Value.unknown();
    }

    private static Value[] withoutNothing(List<Value> values) {
        List<Value> all = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            boolean last = i == values.size() - 1;
            values.get(i)
                    .alternatives()
                    .filter(one -> last || !(one instanceof Value.Nothing || one.equals(new Text(""))))
                    .forEach(all::add);
        }
        return all.toArray(Value[]::new);
    }

    private Value named(String name, List<Binding> bindings, Scope scope, int steps) {
        if (bindings.size() > BINDINGS_MAX) return Value.unknown();
        List<Value> all = new ArrayList<>();
        List<Binding.Changed> changes = new ArrayList<>();
        for (Binding binding : bindings) {
            switch (binding) {
                case Binding.Assigned assigned ->
                    all.add(assigned.whole() ? of(assigned.value(), assigned.scope(), steps - 1) : Value.unknown());
                case Binding.Taken taken -> all.add(taken(taken, steps));
                case Binding.Imported imported -> all.add(imported(imported.dotted()));
                case Binding.Changed changed -> changes.add(changed);
                default -> all.add(Value.unknown());
            }
        }
        if (all.isEmpty()) return Value.unknown();
        Value value = limited(all.toArray(Value[]::new));
        if (value instanceof Group group) return changed(name, group, changes, scope, steps);
        return changes.isEmpty() || !value.may(Group.class::isInstance) ? value : Value.unknown();
    }

    /// With what is put into it later: `name["key"] = …`, `name.update(…)`.
    private Value changed(String name, Group group, List<Binding.Changed> changes, Scope scope, int steps) {
        Settings settings = group.settings();
        for (Binding.Changed change : changes) {
            if (change.key().isEmpty()) {
                settings = new Settings(settings.entries(), true);
                continue;
            }
            Value value = of(change.value(), change.scope(), steps - 1);
            Value before = settings.get(change.key()).map(Setting::value).orElse(value);
            settings = settings.with(
                    change.key(),
                    new Setting(
                            limited(before, value),
                            change.value().start(),
                            change.value().end()));
        }
        for (PythonModule.Site site : updates)
            if (site.call().function() instanceof Attribute(int _, int _, Name base, String _)
                    && base.id().equals(name)
                    && site.scope() == scope) {
                Settings given = keywords(site.call().arguments(), scope, steps - 1);
                Map<String, Setting> entries = new LinkedHashMap<>(given.entries());
                boolean open = given.open();
                for (Argument argument : site.call().arguments())
                    if (argument.keyword().isEmpty()) open |= spread(argument.value(), scope, steps - 1, entries);
                settings = settings.with(new Settings(entries, open));
            }
        return new Group(group.type(), settings);
    }

    /// A parameter: what the function is followed with; else what the calls in this module give it, or its default,
    /// and since others may call it too, whatever else.
    private Value taken(Binding.Taken taken, int steps) {
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
        return limited(all.toArray(Value[]::new));
    }

    private Value byDefault(Parameter parameter, Scope inside, int steps) {
        return parameter.value() == null || inside.parent() == null
                ? Value.unknown()
                : of(parameter.value(), inside.parent(), steps - 1);
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
        if (stated.isPresent()) return of(stated.get(), caller, steps - 1);
        if (!CallSites.isSpread(call)) return byDefault(parameter, inside, steps);
        Settings keywords = keywords(call.arguments(), caller, steps - 1);
        return keywords.get(parameter.name())
                .map(Setting::value)
                .orElseGet(() -> keywords.open() ? Value.unknown() : byDefault(parameter, inside, steps));
    }

    /// What a function returns when it is called so: what each `return` says.
    private Value returned(Binding.Function followed, Call call, Scope caller, Values ofCaller, int bound, int steps) {
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
                                : of(one.values().getFirst(), followed.scope(), steps - 1));
            if (all.isEmpty() || !CallSites.ends(function.body())) all.add(Value.unknown());
            return limited(all.toArray(Value[]::new));
        } finally {
            given = before;
        }
    }

    /// What a call of a function of this module returns, of a method of the object itself, or of a function of a module
    /// beside it.
    private Value result(Call call, String name, Scope scope, int steps) {
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
        return foreign(name)
                .map(other -> Beside.unplaced(other.values().returned(other.name(), call, scope, this, steps)))
                .orElse(Value.unknown());
    }

    private Value returned(String name, Call call, Scope caller, Values ofCaller, int steps) {
        begin();
        List<Binding> bindings = module.scope().own(name);
        return bindings.size() == 1 && bindings.getFirst() instanceof Binding.Function function
                ? returned(function, call, caller, ofCaller, 0, steps)
                : Value.unknown();
    }

    private Optional<Beside.Foreign> foreign(String dotted) {
        if (budget < ASKING) return Optional.empty();
        Optional<Beside.Foreign> found = beside.find(dotted);
        if (found.isPresent()) budget -= ASKING;
        return found;
    }

    private Value imported(String dotted) {
        Optional<Beside.Foreign> found = foreign(dotted);
        if (found.isPresent())
            return Beside.unplaced(found.get().values().constant(found.get().name()));
        int dot = dotted.lastIndexOf('.');
        return foreign(dotted.substring(0, Math.max(0, dot)))
                .map(object -> Beside.unplaced(object.values().member(object.name(), dotted.substring(dot + 1))))
                .orElse(Value.unknown());
    }

    /// An attribute of a class of this module, or of an object that it makes.
    private Value member(String object, String name) {
        begin();
        Scope all = module.scope();
        for (Binding binding : all.own(object))
            if (binding instanceof Binding.ClassType found) return field(found, name, STEPS_MAX / 2);
        return memberOf(constant(object), name)
                .orElseGet(() -> ofType(names.of(new Name(0, 0, object), all), name, all, STEPS_MAX / 2));
    }

    /// An attribute of what a constructor has made; empty if it is no such thing, or does not state it.
    private static Optional<Value> memberOf(Value object, String name) {
        List<Value> all = new ArrayList<>();
        object.alternatives().forEach(one -> {
            if (one instanceof Group(String type, Settings settings) && !type.isEmpty())
                settings.get(name).map(Setting::value).ifPresent(all::add);
        });
        if (all.isEmpty()) return Optional.empty();
        if (!(object instanceof Group)) all.add(Value.unknown());
        return Optional.of(limited(all.toArray(Value[]::new)));
    }

    /// An attribute of an object of a class that can be read: what stands in the class, or what its methods assign.
    ///
    /// @param type `.Own()` or `settings.Settings()`
    private Value ofType(String type, String name, Scope scope, int steps) {
        if (!type.endsWith("()") || steps <= 1) return Value.unknown();
        String of = type.substring(0, type.length() - 2);
        if (of.lastIndexOf('.') == 0) {
            for (Binding binding : scope.find(of.substring(1)))
                if (binding instanceof Binding.ClassType found) return field(found, name, steps - 1);
        }
        return foreign(of)
                .map(other -> Beside.unplaced(other.values().member(other.name(), name)))
                .orElse(Value.unknown());
    }

    private Value field(Binding.ClassType type, String name, int steps) {
        List<Value> all = new ArrayList<>();
        for (Binding binding : type.scope().attribute(name))
            all.add(
                    binding instanceof Binding.Assigned assigned && assigned.whole()
                            ? fieldDefault(assigned.value(), assigned.scope(), steps - 1)
                            : Value.unknown());
        return all.isEmpty() || all.size() > BINDINGS_MAX ? Value.unknown() : limited(all.toArray(Value[]::new));
    }

    private Value constant(String name) {
        begin();
        return named(name, module.scope().own(name), module.scope(), STEPS_MAX / 2);
    }

    private Value attribute(Attribute attribute, Scope scope, int steps) {
        if (attribute.of() instanceof Name base) {
            Scope type = scope.typeScope();
            if (type != null && base.id().equals(scope.self()))
                return named(attribute.name(), type.attribute(attribute.name()), type, steps);
            for (Binding binding : scope.find(base.id())) {
                if (binding instanceof Binding.ClassType found)
                    return named(attribute.name(), found.scope().own(attribute.name()), found.scope(), steps);
                if (binding instanceof Binding.Imported imported)
                    return imported(imported.dotted() + "." + attribute.name());
                if (binding instanceof Binding.Assigned assigned && parsesArguments(assigned))
                    return option(attribute.name(), steps);
            }
        }
        Optional<Value> stated = memberOf(of(attribute.of(), scope, steps - 1), attribute.name());
        if (stated.isPresent()) return stated.get();
        if (isChanged(attribute, scope)) return Value.unknown();
        Value byClass = ofType(names.of(attribute.of(), scope), attribute.name(), scope, steps);
        return byClass.isUnknown() || !isTaken(attribute.of(), scope) ? byClass : limited(byClass, Value.unknown());
    }

    /// `name.attribute = …`, somewhere.
    private static boolean isChanged(Attribute attribute, Scope scope) {
        return attribute.of() instanceof Name base
                && scope.find(base.id()).stream()
                        .anyMatch(binding -> binding instanceof Binding.Changed(String key, Expression _, Scope _)
                                && key.equals(attribute.name()));
    }

    private static boolean isTaken(Expression object, Scope scope) {
        return object instanceof Name name && scope.find(name.id()).stream().anyMatch(Binding.Taken.class::isInstance);
    }

    private boolean parsesArguments(Binding.Assigned assigned) {
        return assigned.value() instanceof Call call
                && call.function() instanceof Attribute method
                && (method.name().equals("parse_args") || method.name().equals("parse_known_args"));
    }

    /// `--name` of `argparse`: its default, or what the caller says.
    private Value option(String name, int steps) {
        for (PythonModule.Site site : options) {
            for (Argument argument : site.call().arguments()) {
                if (!argument.keyword().isEmpty()
                        || !(argument.value() instanceof Expression.Text text)
                        || !text.text()
                                .replaceFirst("^-+", "")
                                .replace('-', '_')
                                .equals(name)) continue;
                Settings settings = keywords(site.call().arguments(), site.scope(), steps - 1);
                boolean flag = settings.get("action")
                        .map(action -> action.value().equals(new Text("store_true")))
                        .orElse(false);
                if (flag) return Value.unknown();
                return Value.either(
                        settings.get("default").map(Setting::value).orElse(Value.unknown()), Value.unknown());
            }
        }
        return Value.unknown();
    }

    private Value subscript(Subscript subscript, Scope scope, int steps) {
        Value of = of(subscript.of(), scope, steps - 1);
        Value index = of(subscript.index(), scope, steps - 1);
        if (of instanceof Group(String _, Settings settings) && index instanceof Text(String key))
            return settings.get(key).map(Setting::value).orElse(Value.unknown());
        if (of instanceof Items items
                && index instanceof Numeric(double at)
                && at >= 0
                && at < items.values().size()) return items.values().get((int) at);
        return Value.unknown();
    }

    private Value call(Call call, Scope scope, int steps) {
        List<Expression> given = call.arguments().stream()
                .filter(one -> one.keyword().isEmpty())
                .map(Argument::value)
                .toList();
        if (call.function() instanceof Attribute method) {
            Value object = of(method.of(), scope, steps - 1);
            if (object instanceof Group group && method.name().equals("copy")) return object;
            if (object instanceof Group(String _, Settings settings)
                    && method.name().equals("get")
                    && !given.isEmpty()) return lookUp(settings, given, scope, steps);
            if (object instanceof Text(String text)) return Arithmetic.ofText(method.name(), text);
        }
        String name = names.of(call.function(), scope);
        switch (name) {
            case "os.environ.get", "os.getenv" -> {
                return given.size() > 1
                        ? limited(of(given.get(1), scope, steps - 1), Value.unknown())
                        : call.arguments().size() > 1
                                ? Value.unknown()
                                : Value.either(Value.nothing(), Value.unknown());
            }
            case "int", "float", "str", "bool" -> {
                if (given.size() != 1) return Value.unknown();
                return Value.either(of(given.getFirst(), scope, steps - 1)
                        .alternatives()
                        .map(one -> Arithmetic.converted(name, one))
                        .toArray(Value[]::new));
            }
            case "min", "max" -> {
                Value bound = Arithmetic.bound(
                        name,
                        given.stream().map(one -> of(one, scope, steps - 1)).toList());
                return given.size() > 1 ? bound : Value.unknown();
            }
            case "dict" -> {
                Map<String, Setting> entries = new LinkedHashMap<>();
                boolean open = false;
                for (Expression one : given) open |= spread(one, scope, steps, entries);
                Settings keywords = keywords(call.arguments(), scope, steps);
                return new Group("", new Settings(entries, open).with(keywords));
            }
            default -> {}
        }
        if (name.isEmpty() || name.endsWith("()") || !isType(name)) return result(call, name, scope, steps);
        return new Group(name, defaults(call, scope, steps).with(arguments(call, scope, steps - 1)));
    }

    private Value lookUp(Settings settings, List<Expression> given, Scope scope, int steps) {
        if (!(of(given.getFirst(), scope, steps - 1) instanceof Text(String key))) return Value.unknown();
        Value otherwise = given.size() > 1 ? of(given.get(1), scope, steps - 1) : Value.nothing();
        return settings.get(key)
                .map(Setting::value)
                .orElse(settings.open() ? limited(otherwise, Value.unknown()) : otherwise);
    }

    /// By the convention that all of Python's libraries keep.
    private static boolean isType(String name) {
        String last = name.substring(name.lastIndexOf('.') + 1);
        return !last.isEmpty() && Character.isUpperCase(last.charAt(0));
    }

    /// What the fields of a class of this module are where nothing else is given: dataclasses and pydantic models.
    private Settings defaults(Call call, Scope scope, int steps) {
        if (!(call.function() instanceof Name name)) return Settings.NONE;
        Map<String, Setting> entries = new LinkedHashMap<>();
        for (Binding binding : scope.find(name.id())) {
            if (binding instanceof Binding.ClassType type) fields(type, entries, steps);
            if (binding instanceof Binding.Imported imported)
                foreign(imported.dotted())
                        .ifPresent(other ->
                                entries.putAll(Beside.unplaced(other.values().fields(other.name()))
                                        .entries()));
        }
        return new Settings(entries, false);
    }

    private Settings fields(String name) {
        begin();
        Map<String, Setting> entries = new LinkedHashMap<>();
        for (Binding binding : module.scope().own(name))
            if (binding instanceof Binding.ClassType type) fields(type, entries, STEPS_MAX / 2);
        return new Settings(entries, false);
    }

    private void fields(Binding.ClassType type, Map<String, Setting> entries, int steps) {
        for (Statement statement : type.type().body())
            if (statement instanceof Assign assign
                    && assign.type() != null
                    && assign.value() != null
                    && assign.targets().getFirst() instanceof Name field)
                entries.put(
                        field.id(),
                        new Setting(
                                fieldDefault(assign.value(), type.scope(), steps - 1), assign.start(), assign.end()));
    }

    /// `field(default=…)` and `Field(…)` state the value inside.
    private Value fieldDefault(Expression value, Scope scope, int steps) {
        if (!(value instanceof Call call) || !names.of(call.function(), scope).matches("(.*\\.)?[fF]ield"))
            return of(value, scope, steps);
        Settings keywords = keywords(call.arguments(), scope, steps);
        Optional<Setting> stated = keywords.get("default");
        if (stated.isPresent()) return stated.get().value();
        if (!call.arguments().isEmpty() && call.arguments().getFirst().keyword().isEmpty())
            return of(call.arguments().getFirst().value(), scope, steps);
        return Value.unknown();
    }

    /// For messages: what it may be, short.
    public static String shown(Value value) {
        return value.alternatives()
                .filter(one -> !(one instanceof Value.Unknown))
                .map(one -> switch (one) {
                    case Text(String text) -> text.length() > 60 ? text.substring(0, 60) + "…" : text;
                    case Numeric _ -> plain(one).orElse("");
                    case Truth(boolean truth) -> truth ? "True" : "False";
                    case Value.Nothing _ -> "None";
                    case Items items -> items.values().size() + " items";
                    case Group(String type, Settings _) -> type.isEmpty() ? "a dictionary" : type;
                    default -> "?";
                })
                .collect(Collectors.joining(" or "));
    }
}

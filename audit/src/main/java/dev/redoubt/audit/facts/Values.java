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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What expressions are worth, as far as the file says it, and the modules beside it for constants. Never guesses:
/// what it cannot follow is [Value.Unknown], also as one of several. What functions are given and return is
/// [Functions], what objects have is [Attributes]; all three ask each other. Not safe for two threads.
public final class Values {
    /* Steps bound a walk through variables that name each other; the number of alternatives bounds branches of branches. */
    static final int STEPS_MAX = 16;
    private static final int ALTERNATIVES_MAX = 6;
    private static final int TEXT_MAX = 10_000;
    private static final int BUDGET = 20_000; // of all steps of one question
    private static final int LITTLE = 200; // once a file has used up its own
    private static final int BESIDE = 2_000; // of a question to another module
    private static final int ASKING = 100; // what such a question costs whoever asks
    private static final long FILE_BUDGET = 2_000_000;
    static final int BINDINGS_MAX = 8;
    private static final int ARGUMENTS_MAX = 1_000;

    private final PythonModule module;
    private final Names names;
    private final Beside beside;
    private final int most; // of a question
    private final List<PythonModule.Site> updates; // calls of `update`
    private final Functions functions;
    private final Attributes attributes;
    private int granted; // to the question before
    private int budget; // what is left of it
    private long spent; // of FILE_BUDGET

    Values(PythonModule module, Path file, @Nullable Modules modules) {
        this.module = module;
        this.names = new Names(module.stars());
        this.beside = new Beside(file, modules);
        this.most = modules == null ? BESIDE : BUDGET;
        this.updates = methods(module, "update");
        this.functions = new Functions(module, names, this);
        this.attributes = new Attributes(module, names, this);
    }

    static List<PythonModule.Site> methods(PythonModule module, String name) {
        return module.calls().stream()
                .filter(site -> site.call().function() instanceof Attribute method
                        && method.name().equals(name))
                .limit(ARGUMENTS_MAX)
                .toList();
    }

    /// Before each question. Many questions are asked about one place, so a file that makes each of them dear
    /// has little for the last ones.
    void begin() {
        spent += granted - Math.max(0, budget);
        granted = spent < FILE_BUDGET ? most : LITTLE;
        budget = granted;
    }

    /// The dotted name of what it stands for, see [Names].
    public String name(Expression expression, Scope scope) {
        return names.of(expression, scope);
    }

    Functions functions() {
        return functions;
    }

    Attributes attributes() {
        return attributes;
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
                        && binding instanceof Binding.Assigned(Call partial, Scope where, boolean _, Suite _)
                        && names.of(partial.function(), where).equals("functools.partial"))
                    preset = arguments(partial, where, steps - 1);
        return preset.with(keywords(call.arguments(), scope, steps));
    }

    Settings keywords(List<Argument> arguments, Scope scope, int steps) {
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
    boolean spread(Expression value, Scope scope, int steps, Map<String, Setting> into) {
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

    Value of(Expression expression, Scope scope, int steps) {
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
            case Expression.Choice choice -> choice(choice, scope, steps);
            case Name name -> named(name.id(), scope.reaching(name.id(), name.start()), scope, steps);
            case Attribute attribute -> attributes.of(attribute, scope, steps);
            case Subscript subscript -> subscript(subscript, scope, steps);
            case Call call -> call(call, scope, steps);
            case Expression.Prefixed prefixed
            when prefixed.word().equals("await") -> of(prefixed.value(), scope, steps - 1);
            case Expression.Named assigned -> of(assigned.value(), scope, steps - 1);
            default -> Value.unknown();
        };
    }

    /// `x if x is not None else y`, `x if x else y`, `y if x is None else x`: in its own arm `x` is something.
    private Value choice(Expression.Choice choice, Scope scope, int steps) {
        Value then = of(choice.then(), scope, steps - 1);
        Value otherwise = of(choice.otherwise(), scope, steps - 1);
        if (choice.condition()
                instanceof Expression.Comparison(int _, int _, List<Expression> operands, List<String> operators)) {
            if (operators.equals(List.of("is not")) && same(operands.getFirst(), choice.then())) then = something(then);
            if (operators.equals(List.of("is")) && same(operands.getFirst(), choice.otherwise()))
                otherwise = something(otherwise);
        } else if (same(choice.condition(), choice.then())) {
            then = something(then);
        }
        return limited(then, otherwise);
    }

    private static Value something(Value value) {
        Value[] all = value.alternatives()
                .filter(one -> !(one instanceof Value.Nothing))
                .toArray(Value[]::new);
        return all.length == 0 ? Value.unknown() : Value.either(all);
    }

    private static boolean same(Expression a, Expression b) {
        if (a instanceof Name one && b instanceof Name other) return one.id().equals(other.id());
        return a instanceof Attribute one
                && b instanceof Attribute other
                && one.name().equals(other.name())
                && same(one.of(), other.of());
    }

    static Value limited(Value... values) {
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
            Optional<String> known = Value.plain(of(text.holes().get(hole++), scope, steps - 1));
            if (known.isEmpty() || all.length() + known.get().length() > TEXT_MAX) return Value.unknown();
            all.append(known.get());
        }
        return new Text(all.toString());
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

    Value named(String name, List<Binding> bindings, Scope scope, int steps) {
        if (bindings.size() > BINDINGS_MAX) return Value.unknown();
        List<Value> all = new ArrayList<>();
        List<Binding.Changed> changes = new ArrayList<>();
        for (Binding binding : bindings) {
            switch (binding) {
                case Binding.Assigned assigned ->
                    all.add(assigned.whole() ? of(assigned.value(), assigned.scope(), steps - 1) : Value.unknown());
                case Binding.Taken taken -> all.add(functions.taken(taken, steps));
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

    Optional<Beside.Foreign> foreign(String dotted) {
        if (budget < ASKING) return Optional.empty();
        Optional<Beside.Foreign> found = beside.find(dotted);
        if (found.isPresent()) budget -= ASKING;
        return found;
    }

    Value imported(String dotted) {
        Optional<Beside.Foreign> found = foreign(dotted);
        if (found.isPresent())
            return Beside.unplaced(found.get().values().constant(found.get().name()));
        int dot = dotted.lastIndexOf('.');
        return foreign(dotted.substring(0, Math.max(0, dot)))
                .map(object ->
                        Beside.unplaced(object.values().attributes().member(object.name(), dotted.substring(dot + 1))))
                .orElse(Value.unknown());
    }

    Value constant(String name) {
        begin();
        return named(name, module.scope().reaching(name, Integer.MAX_VALUE - 1), module.scope(), STEPS_MAX / 2);
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
        if (name.isEmpty() || name.endsWith("()") || !isType(name)) return functions.result(call, name, scope, steps);
        return new Group(name, attributes.defaults(call, scope, steps).with(arguments(call, scope, steps - 1)));
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
}

package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.Value.Group;
import dev.redoubt.audit.facts.Value.Text;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.python.Statement.Assign;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What attributes of objects, classes and parsed command lines are worth, for [Values], with which it shares one
/// budget. Not safe for two threads.
final class Attributes {
    private final PythonModule module;
    private final Names names;
    private final Values values;
    private final List<PythonModule.Site> options; // calls of `add_argument`

    Attributes(PythonModule module, Names names, Values values) {
        this.module = module;
        this.names = names;
        this.values = values;
        this.options = Values.methods(module, "add_argument");
    }

    /// An attribute of a class of this module, or of an object that it makes.
    Value member(String object, String name) {
        values.begin();
        Scope all = module.scope();
        for (Binding binding : all.own(object))
            if (binding instanceof Binding.ClassType found) return field(found, name, Values.STEPS_MAX / 2);
        return memberOf(values.constant(object), name)
                .orElseGet(() -> ofType(names.of(new Name(0, 0, object), all), name, all, Values.STEPS_MAX / 2));
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
        return Optional.of(Values.limited(all.toArray(Value[]::new)));
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
        return values.foreign(of)
                .map(other -> Beside.unplaced(other.values().attributes().member(other.name(), name)))
                .orElse(Value.unknown());
    }

    private Value field(Binding.ClassType type, String name, int steps) {
        List<Value> all = new ArrayList<>();
        for (Binding binding : type.scope().attribute(name))
            all.add(
                    binding instanceof Binding.Assigned assigned && assigned.whole()
                            ? fieldDefault(assigned.value(), assigned.scope(), steps - 1)
                            : Value.unknown());
        return all.isEmpty() || all.size() > Values.BINDINGS_MAX
                ? Value.unknown()
                : Values.limited(all.toArray(Value[]::new));
    }

    Value of(Attribute attribute, Scope scope, int steps) {
        if (attribute.of() instanceof Name base) {
            Scope type = scope.typeScope();
            if (type != null && base.id().equals(scope.self()))
                return values.named(attribute.name(), type.attribute(attribute.name()), type, steps);
            for (Binding binding : scope.find(base.id())) {
                if (binding instanceof Binding.ClassType found)
                    return values.named(attribute.name(), found.scope().own(attribute.name()), found.scope(), steps);
                if (binding instanceof Binding.Imported imported)
                    return values.imported(imported.dotted() + "." + attribute.name());
                if (binding instanceof Binding.Assigned assigned && parsesArguments(assigned))
                    return option(attribute.name(), steps);
            }
        }
        Optional<Value> stated = memberOf(values.of(attribute.of(), scope, steps - 1), attribute.name());
        if (stated.isPresent()) return stated.get();
        if (isChanged(attribute, scope)) return Value.unknown();
        Value byClass = ofType(names.of(attribute.of(), scope), attribute.name(), scope, steps);
        return byClass.isUnknown() || !isTaken(attribute.of(), scope)
                ? byClass
                : Values.limited(byClass, Value.unknown());
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
                Settings settings = values.keywords(site.call().arguments(), site.scope(), steps - 1);
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
    /// What the fields of a class of this module are where nothing else is given: dataclasses and pydantic models.
    Settings defaults(Call call, Scope scope, int steps) {
        if (!(call.function() instanceof Name name)) return Settings.NONE;
        Map<String, Setting> entries = new LinkedHashMap<>();
        for (Binding binding : scope.find(name.id())) {
            if (binding instanceof Binding.ClassType type) fields(type, entries, steps);
            if (binding instanceof Binding.Imported imported)
                values.foreign(imported.dotted())
                        .ifPresent(other -> entries.putAll(
                                Beside.unplaced(other.values().attributes().fields(other.name()))
                                        .entries()));
        }
        return new Settings(entries, false);
    }

    Settings fields(String name) {
        values.begin();
        Map<String, Setting> entries = new LinkedHashMap<>();
        for (Binding binding : module.scope().own(name))
            if (binding instanceof Binding.ClassType type) fields(type, entries, Values.STEPS_MAX / 2);
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
            return values.of(value, scope, steps);
        Settings keywords = values.keywords(call.arguments(), scope, steps);
        Optional<Setting> stated = keywords.get("default");
        if (stated.isPresent()) return stated.get().value();
        if (!call.arguments().isEmpty() && call.arguments().getFirst().keyword().isEmpty())
            return values.of(call.arguments().getFirst().value(), scope, steps);
        return Value.unknown();
    }
}

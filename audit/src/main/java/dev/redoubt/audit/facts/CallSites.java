package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.python.Statement.Block;
import dev.redoubt.audit.python.Statement.Loop;
import dev.redoubt.audit.python.Statement.Simple;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where a module calls its own functions and makes objects of its own classes, `load(…)`, `Engine(…)`,
/// `Engine.options(…).bind(…)`, and what it hands over there. Not safe for two threads.
final class CallSites {
    private static final int SITES_MAX = 4; // of one function: what is called in more places has no one value
    private static final Set<String> MAKES = Set.of("", ".bind", ".options().bind", ".remote", ".options().remote");

    private final PythonModule module;
    private @Nullable Map<String, List<Site>> byName; // of what the module defines

    CallSites(PythonModule module) {
        this.module = module;
    }

    /// The calls of a function of the module, or of a class whose constructor it is; none if there are too many.
    ///
    /// @param inside of the function
    List<Site> of(Scope inside) {
        Statement.Function function = inside.function();
        Scope outer = inside.parent();
        if (function == null || outer == null) return List.of();
        List<Site> all = new ArrayList<>();
        if (outer.isModule() && function.decorators().isEmpty()) {
            all.addAll(named("." + function.name()));
        } else if (isConstructor(inside)) {
            Statement.ClassType type = outer.type();
            for (String make : MAKES) if (type != null) all.addAll(named("." + type.name() + make));
        }
        return all.size() > SITES_MAX ? List.of() : all;
    }

    /// Whether its first parameter is the object that is made.
    static boolean isConstructor(Scope inside) {
        Statement.Function function = inside.function();
        Scope outer = inside.parent();
        return function != null
                && outer != null
                && outer.isClass()
                && function.name().equals("__init__");
    }

    private List<Site> named(String name) {
        Map<String, List<Site>> sites = byName;
        if (sites == null) {
            sites = new HashMap<>();
            for (Site site : module.calls())
                if (site.name().startsWith("."))
                    sites.computeIfAbsent(site.name(), _ -> new ArrayList<>(1)).add(site);
            byName = sites;
        }
        return sites.getOrDefault(name, List.of());
    }

    /// The argument for a parameter where the call states it by its place or by its name.
    ///
    /// @param bound how many parameters are filled in before the first argument
    static Optional<Expression> stated(Call call, Statement.Function function, Parameter parameter, int bound) {
        int place = place(function, parameter) - bound;
        int at = 0;
        for (Argument argument : call.arguments()) {
            if (argument.keyword().equals(parameter.name())) return Optional.of(argument.value());
            if (argument.keyword().equals("*")) place = -1; // how many there are is not known
            if (argument.keyword().isEmpty() && at++ == place) return Optional.of(argument.value());
        }
        return Optional.empty();
    }

    /// Whether the call may state more than stands there.
    static boolean isSpread(Call call) {
        return call.arguments().stream()
                .anyMatch(argument ->
                        argument.keyword().equals("*") || argument.keyword().equals("**"));
    }

    private static int place(Statement.Function function, Parameter parameter) {
        for (int i = 0; i < function.parameters().size(); i++) {
            Parameter one = function.parameters().get(i);
            if (!one.star().isEmpty()) return -1; // behind it only names count
            if (one.start() == parameter.start()) return i;
        }
        return -1;
    }

    /// All that a function may return, without those of functions inside of it.
    static List<Simple> returns(List<Statement> body) {
        List<Simple> all = new ArrayList<>();
        for (Statement statement : body)
            switch (statement) {
                case Simple simple when simple.word().equals("return") -> all.add(simple);
                case Block block -> block.branches().forEach(branch -> all.addAll(returns(branch.body())));
                case Loop loop -> all.addAll(returns(loop.body()));
                default -> {}
            }
        return all;
    }

    /// Whether a body never runs past its end, as far as its last statement says it.
    static boolean ends(List<Statement> body) {
        if (body.isEmpty()) return false;
        return switch (body.getLast()) {
            case Simple simple ->
                simple.word().equals("return") || simple.word().equals("raise");
            case Block block
            when block.word().equals("if") ->
                block.branches().getLast().word().equals("else")
                        && block.branches().stream().allMatch(branch -> ends(branch.body()));
            default -> false;
        };
    }
}

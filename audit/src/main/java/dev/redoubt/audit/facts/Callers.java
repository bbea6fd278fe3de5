package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Expression.Subscript;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which functions answer requests from outside, and which values come from there.
public final class Callers {
    private static final int STEPS_MAX = 12;
    private static final int BUDGET = 2_000;
    private static final Set<String> METHODS =
            Set.of("get", "post", "put", "patch", "delete", "route", "api_route", "websocket", "head", "options");
    /// Makes something harmless of what it is given.
    private static final Set<String> TAMING = Set.of("len", "int", "float", "bool", "isinstance", "hash", "type");

    private final Values values;
    private int budget;

    Callers(Values values) {
        this.values = values;
    }

    /// A function that a web framework or Ray Serve calls with a request.
    ///
    /// @param path of its route, if it states one
    public record Handler(Framework framework, Optional<String> path, Optional<String> method) {}

    public enum Framework {
        FASTAPI,
        FLASK,
        SERVE
    }

    /// What the function answers; empty if it is no handler.
    public Optional<Handler> handler(Statement.Function function, Scope inside) {
        Scope outer = inside.parent();
        if (outer == null) return Optional.empty();
        for (Expression decorator : function.decorators()) {
            if (!(decorator instanceof Call call) || !(call.function() instanceof Attribute method)) continue;
            if (!METHODS.contains(method.name())) continue;
            Optional<String> path = call.arguments().isEmpty()
                    ? Optional.empty()
                    : values.of(call.arguments().getFirst().value(), outer)
                            .texts()
                            .findFirst();
            String name = values.name(method.of(), outer);
            if (name.endsWith(".FastAPI()") || name.endsWith(".APIRouter()"))
                return Optional.of(new Handler(Framework.FASTAPI, path, Optional.of(method.name())));
            if (name.endsWith(".Flask()") || name.endsWith(".Blueprint()"))
                return Optional.of(new Handler(Framework.FLASK, path, Optional.of(method.name())));
        }
        if (isServeEntry(function, inside))
            return Optional.of(new Handler(Framework.SERVE, Optional.empty(), Optional.empty()));
        return Optional.empty();
    }

    private boolean isServeEntry(Statement.Function function, Scope inside) {
        Scope outer = inside.parent();
        if (outer == null) return false;
        boolean takesRequest = function.parameters().stream().anyMatch(parameter -> isRequest(parameter, inside));
        Statement.ClassType type = inside.type();
        if (type == null || outer.function() != null) return isDeployed(function.decorators(), outer);
        Scope around = outer.parent();
        return around != null
                && isDeployed(type.decorators(), around)
                && (function.name().equals("__call__") || takesRequest);
    }

    /// Whether Ray Serve deploys what has these decorators.
    public boolean isDeployed(Iterable<Expression> decorators, Scope outer) {
        for (Expression decorator : decorators) {
            Expression named = decorator instanceof Call call ? call.function() : decorator;
            if (values.name(named, outer).equals("ray.serve.deployment")) return true;
        }
        return false;
    }

    private boolean isRequest(Parameter parameter, Scope inside) {
        if (parameter.type() == null || inside.parent() == null) return false;
        return values.name(parameter.type(), inside.parent()).matches("(fastapi|starlette)\\.(.*\\.)?Request");
    }

    /// Whether a caller decides what it is.
    public boolean decide(Expression expression, Scope scope) {
        budget = BUDGET;
        return decide(expression, scope, STEPS_MAX);
    }

    private boolean decide(@Nullable Expression expression, Scope scope, int steps) {
        if (expression == null || steps <= 0 || --budget < 0) return false;
        return switch (expression) {
            case Name name -> decides(name, scope, steps);
            case Attribute attribute -> decide(attribute.of(), scope, steps - 1);
            case Subscript subscript -> decide(subscript.of(), scope, steps - 1);
            case Call call -> ofCall(call, scope, steps);
            case Expression.Prefixed prefixed -> decide(prefixed.value(), scope, steps - 1);
            case Expression.Text text -> text.holes().stream().anyMatch(hole -> decide(hole, scope, steps - 1));
            case Expression.Dict dict ->
                dict.entries().stream().anyMatch(entry -> decide(entry.value(), scope, steps - 1));
            case Expression.Items items -> items.elements().stream().anyMatch(one -> decide(one, scope, steps - 1));
            case Expression.Operation operation ->
                operation.operands().stream().anyMatch(one -> decide(one, scope, steps - 1));
            case Expression.Choice choice ->
                decide(choice.then(), scope, steps - 1) || decide(choice.otherwise(), scope, steps - 1);
            default -> false;
        };
    }

    private boolean ofCall(Call call, Scope scope, int steps) {
        String name = values.name(call.function(), scope);
        if (TAMING.contains(name)) return false;
        if (call.function() instanceof Attribute method && decide(method.of(), scope, steps - 1)) return true;
        if (name.startsWith("flask.request.")) return true;
        return call.arguments().stream().anyMatch(argument -> decide(argument.value(), scope, steps - 1))
                && (name.startsWith("json.")
                        || name.startsWith("base64.")
                        || name.startsWith("os.path.")
                        || name.equals("str")
                        || name.equals("bytes"));
    }

    private boolean decides(Name name, Scope scope, int steps) {
        for (Binding binding : scope.find(name.id())) {
            switch (binding) {
                case Binding.Taken taken -> {
                    Scope at = owner(name.id(), scope);
                    if (at != null && at.function() != null && ofCaller(taken.parameter(), at)) return true;
                }
                case Binding.Assigned assigned -> {
                    boolean itself =
                            assigned.value() instanceof Name same && same.id().equals(name.id());
                    if (!itself && decide(assigned.value(), assigned.scope(), steps - 1)) return true;
                }
                case Binding.Imported imported -> {
                    if (imported.dotted().equals("flask.request")) return true;
                }
                default -> {}
            }
        }
        return false;
    }

    /// Whether it is a whole body that a framework has read into a type of the program: as text it shows all that a
    /// caller sent. A raw request shows nothing.
    public boolean isBody(Name name, Scope scope) {
        Scope at = owner(name.id(), scope);
        if (at == null || at.function() == null || at.parent() == null) return false;
        for (Binding binding : scope.find(name.id())) {
            if (!(binding instanceof Binding.Taken(Parameter parameter, Scope _)) || parameter.type() == null) continue;
            String type = values.name(parameter.type(), at.parent());
            // A star import makes names of its module out of plain types.
            if (type.contains(".")
                    && !type.matches(
                            "(fastapi|starlette|typing)\\..*|.*\\.(str|int|float|bool|bytes|dict|list|UUID|date|datetime)")
                    && ofCaller(parameter, at)) return true;
        }
        return false;
    }

    private static @Nullable Scope owner(String name, Scope scope) {
        for (Scope at = scope; at != null; at = at.parent()) if (at.binds(name)) return at;
        return null;
    }

    /// Whether the framework fills in this parameter from the request.
    private boolean ofCaller(Parameter parameter, Scope inside) {
        Statement.Function function = inside.function();
        if (function == null || parameter.name().equals(inside.self())) return false;
        if (parameter.value() instanceof Call call && inside.parent() != null) {
            String name = values.name(call.function(), inside.parent());
            if (name.endsWith(".Depends") || name.endsWith(".Security")) return false;
        }
        return handler(function, inside).isPresent();
    }
}

package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.source.SourceText;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A Python file: its program, its scopes and its calls. Immutable once it is read.
///
/// @param imports the dotted names that it imports, and the modules that these are of
/// @param stars modules of which it imports all
public record PythonModule(
        SourceText source,
        List<Statement> program,
        Scope scope,
        List<Site> calls,
        List<Owned<Statement.Function>> functions,
        List<Owned<Statement.ClassType>> classes,
        List<Owned<Expression>> others,
        List<Owned<Statement>> statements,
        Set<String> imports,
        List<String> stars) {
    /// A call and the scope it is made in.
    ///
    /// @param name the dotted name of what is called as far as it is known, see [Names]
    public record Site(Expression.Call call, Scope scope, String name) {}

    /// A part of the program and the scope it stands in; of a function or class its inside.
    public record Owned<T>(T node, Scope scope) {}

    /// Whether it imports one of these, or something of it.
    public boolean importsAny(String... modules) {
        for (String module : modules) if (imports.contains(module)) return true;
        return false;
    }

    /// Whether a name that is used in a function is one of the module, and not of the function.
    public boolean binds(String name, Scope used) {
        for (Scope at = used; at != null; at = at.parent()) if (at.binds(name)) return at.isModule();
        return false;
    }

    /// Whether a name is a parameter, and nothing is assigned to it but parts.
    public boolean isParameter(Expression.Name name, Scope used) {
        List<Binding> bindings = used.find(name.id());
        return bindings.stream().anyMatch(Binding.Taken.class::isInstance)
                && bindings.stream()
                        .allMatch(binding -> binding instanceof Binding.Taken || binding instanceof Binding.Changed);
    }

    /// What is assigned to a name, if it is one value.
    public Optional<Expression> assigned(Expression.Name name, Scope used) {
        List<Binding> bindings = used.find(name.id());
        return bindings.size() == 1 && bindings.getFirst() instanceof Binding.Assigned assigned && assigned.whole()
                ? Optional.of(assigned.value())
                : Optional.empty();
    }

    /// Whether it trains: what it loads then is mostly what it wrote itself.
    public boolean trains() {
        return importsAny("ray.train", "ray.air", "accelerate", "deepspeed", "megatron", "torch.optim", "peft")
                || calls.stream()
                        .anyMatch(site -> site.call().function() instanceof Expression.Attribute method
                                && method.name().equals("backward"));
    }

    /// Whether it is a part of serving a model, and not a script beside it.
    public boolean serves() {
        return importsAny("vllm", "ray.serve", "fastapi", "starlette", "flask", "aiohttp.web", "sanic", "litserve");
    }
}

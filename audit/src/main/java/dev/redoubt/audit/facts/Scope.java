package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The names of a module, a class or a function. One thread builds it, then it is not changed.
public final class Scope {
    private final @Nullable Node owner; // null: the module
    private final @Nullable Scope parent;
    private final Map<String, List<Binding>> names = new HashMap<>();
    /// Of a class: what methods assign to `self`.
    private final Map<String, List<Binding>> attributes = new HashMap<>();

    Scope(@Nullable Node owner, @Nullable Scope parent) {
        this.owner = owner;
        this.parent = parent;
    }

    void bind(String name, Binding binding) {
        names.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(binding);
    }

    void bindAttribute(String name, Binding binding) {
        attributes.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(binding);
    }

    List<Binding> own(String name) {
        return names.getOrDefault(name, List.of());
    }

    /// What `self.name` is: what methods assign, and what stands in the class.
    List<Binding> attribute(String name) {
        List<Binding> all = new ArrayList<>(attributes.getOrDefault(name, List.of()));
        all.addAll(own(name));
        return all;
    }

    /// Whether the name is bound here, and not only changed.
    boolean binds(String name) {
        return own(name).stream().anyMatch(binding -> !(binding instanceof Binding.Changed));
    }

    /// What a name means here, with what changes it on the way; empty if nothing binds it. As in Python, methods do
    /// not see the names of their class.
    List<Binding> find(String name) {
        List<Binding> changes = List.of();
        for (Scope at = this; at != null; at = at.parent) {
            if (at != this && at.isClass()) continue;
            List<Binding> found = at.own(name);
            if (found.isEmpty()) continue;
            if (changes.isEmpty() && at.binds(name)) return found;
            List<Binding> all = new ArrayList<>(changes);
            all.addAll(found);
            if (at.binds(name)) return all;
            changes = all;
        }
        return List.of();
    }

    /// What a name means at a place of this scope: of its values there, those that an assignment above takes the place
    /// of
    /// are none of it, and those that are assigned further down neither, but in a loop.
    List<Binding> reaching(String name, int at) {
        List<Binding> all = find(name);
        if (all.size() < 2
                || !all.stream().allMatch(binding -> !(binding instanceof Binding.Assigned one) || one.scope() == this))
            return all;
        Binding.Assigned last = null;
        for (Binding binding : all)
            if (binding instanceof Binding.Assigned one
                    && one.decides(at)
                    && (last == null || one.value().end() > last.value().end())) last = one;
        Binding.Assigned decisive = last;
        List<Binding> reaching =
                all.stream().filter(binding -> reaches(binding, decisive, at)).toList();
        return reaching.isEmpty() ? all : reaching;
    }

    private static boolean reaches(Binding binding, Binding.@Nullable Assigned decisive, int at) {
        if (binding instanceof Binding.Taken) return decisive == null;
        if (!(binding instanceof Binding.Assigned one)) return true;
        if (one.value().end() <= at)
            return decisive == null || one.value().end() >= decisive.value().end();
        return one.suite().repeats(at)
                && (decisive == null || !one.suite().repeats(decisive.value().start()));
    }

    public @Nullable Scope parent() {
        return parent;
    }

    boolean isClass() {
        return owner instanceof Statement.ClassType;
    }

    public boolean isModule() {
        return owner == null;
    }

    /// The function that this is the inside of; null in a module or class.
    public Statement.@Nullable Function function() {
        return owner instanceof Statement.Function function ? function : null;
    }

    /// The class whose inside this is, or whose method.
    public Statement.@Nullable ClassType type() {
        Scope scope = typeScope();
        return scope != null && scope.owner instanceof Statement.ClassType type ? type : null;
    }

    @Nullable
    Scope typeScope() {
        for (Scope at = this; at != null; at = at.parent) if (at.isClass()) return at;
        return null;
    }

    /// What a method calls its own object; empty outside of methods.
    String self() {
        for (Scope at = this; at != null; at = at.parent)
            if (at.owner instanceof Statement.Function function && at.parent != null && at.parent.isClass())
                return function.parameters().isEmpty()
                        ? ""
                        : function.parameters().getFirst().name();
        return "";
    }
}

package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;

/// What a name stands for in a scope.
sealed interface Binding {
    /// @param dotted `vllm.LLM`; a relative one begins with its dots
    record Imported(String dotted) implements Binding {}

    /// @param scope where the value is computed
    /// @param whole false where it is a part of the value, such as of `a, b = value` or of a loop
    /// @param suite in which it stands
    record Assigned(Expression value, Scope scope, boolean whole, Suite suite) implements Binding {
        /// Whether the name has this value at a place further down in the same scope, whatever it was before.
        boolean decides(int at) {
            return whole && value.end() <= at && suite.holds(at);
        }
    }

    /// `name["key"] = value` and `name.key = value`.
    ///
    /// @param key empty where it is not known
    record Changed(String key, Expression value, Scope scope) implements Binding {}

    /// @param scope the inside of the function whose parameter it is
    record Taken(Parameter parameter, Scope scope) implements Binding {}

    /// @param scope its inside
    record Function(Statement.Function function, Scope scope) implements Binding {}

    record ClassType(Statement.ClassType type, Scope scope) implements Binding {}
}

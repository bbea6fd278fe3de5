package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Fields of request models without bounds.
final class UnboundedField implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.1/unbounded-field",
            Level.WARNING,
            "a field of a request has no bounds",
            List.of("CWE-20", "CWE-770", References.SERVICE),
            "A prompt as long as memory, a million tokens, a temperature that is no number: each reaches the engine that all callers share.",
            "bound each: prompt: str = Field(max_length=8192), max_tokens: int = Field(512, ge=1, le=2048), temperature: float = Field(0.7, ge=0, le=2)",
            "pydantic, all versions");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static final Set<String> TEXTS =
            Set.of("prompt", "text", "query", "question", "input", "message", "content", "system_prompt");
    private static final Set<String> NUMBERS = Set.of(
            "max_tokens",
            "max_new_tokens",
            "max_completion_tokens",
            "n",
            "best_of",
            "temperature",
            "num_return_sequences");

    private static void look(Python python, Findings findings) {
        Set<String> requests = requests(python);
        for (Owned<Statement.ClassType> type : python.module().classes()) {
            if (!requests.contains("." + type.node().name())) continue;
            boolean model = type.node().bases().stream()
                    .anyMatch(base -> python.values()
                            .name(base.value(), outer(type.scope()))
                            .endsWith("BaseModel"));
            if (!model) continue;
            for (Statement statement : type.node().body())
                if (statement instanceof Statement.Assign field
                        && field.type() != null
                        && field.targets().getFirst() instanceof Expression.Name name
                        && !isBounded(python, type, name.id(), field)
                        && !isMeasured(python, name.id())
                        && isRead(python, type.node().name(), name.id()))
                    findings.add(INFO, field, name.id() + " has no bound");
        }
    }

    /// Types of parameters that a framework fills in from requests.
    private static Set<String> requests(Python python) {
        Set<String> types = new HashSet<>();
        for (Owned<Statement.Function> function : python.module().functions()) {
            if (python.callers().handler(function.node(), function.scope()).isEmpty()
                    || Administrators.use(python, function.scope())) continue;
            for (Parameter parameter : function.node().parameters())
                if (parameter.type() != null)
                    types.add(python.values().name(parameter.type(), outer(function.scope())));
        }
        return types;
    }

    private static Scope outer(Scope scope) {
        Scope parent = scope.parent();
        return parent == null ? scope : parent;
    }

    private static boolean isBounded(
            Python python, Owned<Statement.ClassType> type, String name, Statement.Assign field) {
        boolean text = TEXTS.contains(name);
        if (!text && !NUMBERS.contains(name)) return true;
        if (isValidated(type.node(), name)) return true;
        String written = field.type() == null ? "" : written(field.type());
        if (text ? !written.contains("str") : !written.contains("int") && !written.contains("float")) return true;
        if (written.contains("constr")
                || written.contains("conint")
                || written.contains("confloat")
                || written.contains("Literal")) return true;
        boolean[] bounded = new boolean[1];
        field.walk(node -> {
            if (node instanceof Expression.Call call)
                for (Expression.Argument argument : call.arguments())
                    bounded[0] |= text
                            ? argument.keyword().equals("max_length")
                            : argument.keyword().equals("le")
                                    || argument.keyword().equals("lt");
        });
        return bounded[0];
    }

    /// Whether anything in the program takes the field, or the whole model: what takes that in another file is not
    /// known.
    private static boolean isRead(Python python, String type, String field) {
        Set<String> bodies = new HashSet<>(); // what handlers call a request of this type
        for (Owned<Statement.Function> owned : python.module().functions())
            if (python.callers().handler(owned.node(), owned.scope()).isPresent())
                for (Parameter parameter : owned.node().parameters())
                    if (parameter.type() != null
                            && python.values()
                                    .name(parameter.type(), outer(owned.scope()))
                                    .equals("." + type)) bodies.add(parameter.name());
        Set<String> functions = new HashSet<>();
        for (Owned<Statement.Function> owned : python.module().functions())
            functions.add(owned.node().name());
        boolean[] read = new boolean[3]; // it, whole by another function of the module, something whole
        for (Statement statement : python.module().program())
            statement.walk(node -> {
                if (node instanceof Expression.Attribute attribute) {
                    boolean whole = DUMPS.contains(attribute.name());
                    read[2] |= whole;
                    read[0] |= attribute.name().equals(field)
                            || whole && attribute.of() instanceof Expression.Name body && bodies.contains(body.id());
                }
                if (node instanceof Expression.Call call)
                    for (Expression.Argument argument : call.arguments())
                        if (argument.value() instanceof Expression.Name body && bodies.contains(body.id()))
                            read[isOf(call, functions) ? 1 : 0] = true;
            });
        return read[0] || read[1] && read[2];
    }

    /// Whether it calls a function of the module, whose text says what that reads.
    private static boolean isOf(Expression.Call call, Set<String> functions) {
        return call.function() instanceof Expression.Name name && functions.contains(name.id())
                || call.function() instanceof Expression.Attribute method && functions.contains(method.name());
    }

    private static final Set<String> DUMPS =
            Set.of("model_dump", "model_dump_json", "dict", "json", "copy", "__dict__");

    /// Whether the program compares it, or what it makes of it, with something: the bound stands in the handler.
    private static boolean isMeasured(Python python, String field) {
        Set<String> made = new HashSet<>();
        for (Owned<Statement> owned : python.module().statements())
            if (owned.node() instanceof Statement.Assign assign
                    && assign.value() != null
                    && assign.targets().getFirst() instanceof Expression.Name name
                    && isOf(assign.value(), field, made)) made.add(name.id());
        return python.module().others().stream()
                .anyMatch(other -> other.node() instanceof Expression.Comparison comparison
                        && comparison.operators().stream().anyMatch(ORDER::contains)
                        && comparison.operands().stream().anyMatch(one -> isOf(one, field, made)));
    }

    private static final Set<String> ORDER = Set.of("<", "<=", ">", ">=");

    /// @param made names of what was made of the field
    private static boolean isOf(Expression expression, String field, Set<String> made) {
        boolean[] found = new boolean[1];
        expression.walk(node -> found[0] |= node instanceof Expression.Attribute attribute
                        && attribute.name().equals(field)
                || node instanceof Expression.Name name && made.contains(name.id()));
        return found[0];
    }

    /// Names in the type.
    private static String written(Expression type) {
        StringBuilder all = new StringBuilder();
        type.walk(node -> {
            if (node instanceof Expression.Name name) all.append(name.id()).append(' ');
            if (node instanceof Expression.Attribute attribute)
                all.append(attribute.name()).append(' ');
        });
        return all.toString();
    }

    /// By a validator that names the field, or one of the whole model.
    private static boolean isValidated(Statement.ClassType type, String name) {
        for (Statement statement : type.body())
            if (statement instanceof Statement.Function function)
                for (Expression decorator : function.decorators())
                    if (decorator instanceof Expression.Call call) {
                        String called = written(call.function());
                        if (called.contains("model_validator") || called.contains("root_validator")) return true;
                        for (Expression.Argument argument : call.arguments())
                            if (argument.value() instanceof Expression.Text text
                                    && (text.text().equals(name) || text.text().equals("*"))) return true;
                    }
        return false;
    }
}

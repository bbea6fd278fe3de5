package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.List;
import java.util.regex.Pattern;

/// Prompts and outputs in log calls of handlers.
final class PromptInLog implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V1.6/prompt-in-log",
            Level.WARNING,
            "what callers send is logged",
            List.of("CWE-532", References.DISCLOSURE),
            "Prompts and outputs in a log are readable by whoever reads logs, and stay there.",
            "log an id, lengths and times, at every level",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static final Pattern CONTENT = Pattern.compile(
            "(?i)(.*_)?(prompts?|messages?|completions?|generated_?texts?|user_input|chat_history|response_text|output_text|body|payload|question|query)");
    private static final Pattern LOGGER = Pattern.compile("(.*\\.)?(debug|info|warning|error|exception|critical)");

    private static void look(Python python, Findings findings) {
        for (Site site : python.module().calls()) {
            if (!isLog(site)) continue;
            Statement.Function function = site.scope().function();
            if (function == null
                    || python.callers().handler(function, site.scope()).isEmpty()
                    || Administrators.use(python, site.scope())) continue;
            for (Argument argument : site.call().arguments())
                if (shows(python, argument.value(), site.scope())) {
                    findings.add(INFO, site.call(), "what a caller sends is written into the log");
                    break;
                }
        }
    }

    private static boolean isLog(Site site) {
        if (site.name().equals("print")) return true;
        if (!LOGGER.matcher(site.name()).matches()) return false;
        return site.name().startsWith("logging.")
                || site.name().startsWith("loguru.")
                || site.name().startsWith("structlog.");
    }

    /// What a caller calls something: `request.get("filename")`.
    private static boolean isName(Python python, Expression.Name name, Scope scope) {
        return python.module()
                .assigned(name, scope)
                .filter(value -> value instanceof Expression.Call call
                        && !call.arguments().isEmpty()
                        && call.arguments().getFirst().value() instanceof Expression.Text key
                        && key.text().matches("(?i).*(name|id|type|format|language|lang)"))
                .isPresent();
    }

    /// Whether a body may hold what a model is asked: by the fields of its type, or by the name of one that is
    /// imported.
    private static boolean mayHoldContent(Python python, Expression.Name body, Scope scope) {
        Statement.Function function = scope.function();
        if (function == null) return true;
        for (Parameter parameter : function.parameters()) {
            if (!parameter.name().equals(body.id()) || !(parameter.type() instanceof Expression.Name type)) continue;
            for (Owned<Statement.ClassType> known : python.module().classes())
                if (known.node().name().equals(type.id()))
                    return known.node().body().stream().anyMatch(PromptInLog::isContent);
            return ASKS.matcher(type.id()).find() || CONTENT.matcher(body.id()).matches();
        }
        return true;
    }

    private static final Pattern ASKS = Pattern.compile(
            "(?i)request|prompt|chat|complet|generat|message|query|question|text|input|infer|predict|item|data|body|payload");

    private static boolean isContent(Statement field) {
        return field instanceof Statement.Assign assign
                && assign.type() != null
                && assign.targets().getFirst() instanceof Expression.Name name
                && HELD.matcher(name.id()).matches();
    }

    private static final Pattern HELD = Pattern.compile(
            "(?i)(.*_)?(prompts?|texts?|messages?|contents?|inputs?|query|queries|questions?|data|body|payload|documents?|instances?|images?|audio|words?|sentences?)(_.*)?");

    /// A part of it that is called like content, and comes from the caller.
    private static boolean shows(Python python, Expression logged, Scope scope) {
        return switch (logged) {
            case Expression.Text text -> text.holes().stream().anyMatch(hole -> shows(python, hole, scope));
            case Expression.Operation operation ->
                operation.operands().stream().anyMatch(one -> shows(python, one, scope));
            case Expression.Items items -> items.elements().stream().anyMatch(one -> shows(python, one, scope));
            case Expression.Name name when isName(python, name, scope) -> false;
            case Expression.Name name ->
                CONTENT.matcher(name.id()).matches() && python.callers().decide(name, scope)
                        || python.callers().isBody(name, scope) && mayHoldContent(python, name, scope);
            case Expression.Attribute attribute ->
                CONTENT.matcher(attribute.name()).matches() && python.callers().decide(attribute, scope);
            case Expression.Subscript subscript ->
                shows(python, subscript.of(), scope)
                        || subscript.index() instanceof Expression.Text key
                                && CONTENT.matcher(key.text()).matches()
                                && python.callers().decide(subscript, scope);
            default -> false;
        };
    }
}

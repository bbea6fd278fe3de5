package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.python.Expression;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Formatted texts with control tokens and holes.
final class HandMadeTemplate implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.2/hand-made-template",
            Level.WARNING,
            "role tokens are written by hand around what a caller sends",
            List.of("CWE-74", References.INJECTION),
            "A caller who writes the same tokens ends the turn and begins one of the system.",
            "hand messages to the chat template (LLM.chat, apply_chat_template), and escape special tokens in what callers send",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    private static final Pattern ROLE = Pattern.compile(
            "<\\|im_start\\|>|<\\|start_header_id\\|>|<\\|eot_id\\|>|\\[INST]|<<SYS>>|<start_of_turn>|<\\|(user|system|assistant)\\|>");

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> {
            for (Owned<Expression> owned : python.module().others())
                if (owned.node() instanceof Expression.Text text
                        && ROLE.matcher(text.text()).find()
                        && text.holes().stream().anyMatch(hole -> mayBeOfCaller(python, hole, owned.scope())))
                    findings.add(INFO, text, "role tokens stand around what a caller may write");
        });
    }

    /// Not a constant of the module by its name or its value, and nothing that is called with constants alone.
    private static boolean mayBeOfCaller(Python python, Expression hole, Scope scope) {
        Expression value = hole instanceof Expression.Name name
                ? python.module().assigned(name, scope).orElse(hole)
                : hole;
        if (value instanceof Expression.Call call
                && call.function() instanceof Expression.Attribute method
                && method.of() instanceof Expression.Name own
                && OWN.contains(own.id())
                && !call.arguments().isEmpty()
                && call.arguments().stream().allMatch(argument -> isConstant(argument.value()))) return false;
        if (python.values().of(hole, scope) instanceof Value.Text) return false;
        return scope.function() != null
                && !(hole instanceof Expression.Name name
                        && name.id().equals(name.id().toUpperCase(Locale.ROOT)));
    }

    private static final Set<String> OWN = Set.of("self", "cls");

    private static boolean isConstant(Expression value) {
        return value instanceof Expression.Numeral
                || value instanceof Expression.Text text && text.holes().isEmpty();
    }
}

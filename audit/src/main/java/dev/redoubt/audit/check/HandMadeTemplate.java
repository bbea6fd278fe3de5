package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import java.util.List;
import java.util.Locale;
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
                        && text.holes().stream().anyMatch(hole -> mayBeOfCaller(hole, owned.scope())))
                    findings.add(INFO, text, "role tokens stand around what a caller may write");
        });
    }

    /// Not a constant of the module by its name.
    private static boolean mayBeOfCaller(Expression hole, Scope scope) {
        return scope.function() != null
                && !(hole instanceof Expression.Name name
                        && name.id().equals(name.id().toUpperCase(Locale.ROOT)));
    }
}

package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.python.Expression.Argument;
import java.util.List;
import java.util.Optional;

/// What names of models say.
final class Models {
    private Models() {}

    /// `owner/name`, and no path.
    static boolean mayBeOfHub(Value model) {
        return model.texts().anyMatch(text -> text.matches("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*"));
    }

    /// The model that a loader is asked for: its first argument, or the one with a name.
    static Optional<Setting> named(Python python, Site site) {
        List<Argument> arguments = site.call().arguments();
        for (Argument argument : arguments)
            if (argument.keyword().isEmpty()
                            && argument.start() == arguments.getFirst().start()
                    || argument.keyword().equals("pretrained_model_name_or_path")
                    || argument.keyword().equals("model"))
                return Optional.of(new Setting(
                        python.values().of(argument.value(), site.scope()),
                        argument.value().start(),
                        argument.value().end()));
        return Optional.empty();
    }
}

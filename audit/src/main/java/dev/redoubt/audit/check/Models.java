package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.python.Expression.Argument;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What names of models say.
final class Models {
    private Models() {}

    /* The hub's first models have no owner in their names. */
    private static final Pattern OF_HUB = Pattern.compile(
            "[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*"
                    + "|(distil)?(bert|gpt2|roberta)(-[\\w.-]+)?|gpt2|t5-(small|base|large|3b|11b)|(albert|xlm|xlnet|camembert)-[\\w.-]+");

    private static final Pattern FOLDER = Pattern.compile(
            "((.*[_-])?models?|outputs?|checkpoints?|ckpts?|weights|results|runs|adapters?|quantized.*|merged.*|saved.*|fine-?tuned.*)/.*",
            Pattern.CASE_INSENSITIVE);

    /// `owner/name`, and no path: no owner is called like a folder for models.
    static boolean mayBeOfHub(Value model) {
        return model.texts()
                .anyMatch(text ->
                        OF_HUB.matcher(text).matches() && !FOLDER.matcher(text).matches());
    }

    /// The model that a loader is asked for: its first argument, or the one with a name.
    static Optional<Setting> named(Python python, Site site) {
        List<Argument> arguments = site.call().arguments();
        boolean task = site.name().endsWith(".pipeline"); // which comes first there
        for (Argument argument : arguments)
            if (argument.keyword().isEmpty()
                            && !task
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

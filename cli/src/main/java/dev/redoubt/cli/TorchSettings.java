package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.Section;
import dev.redoubt.base.config.SectionValues;
import dev.redoubt.base.config.Setting;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.runtime.torch.TorchRuntime;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/// `torchscript:` of a deployment.
final class TorchSettings {
    private static final int TENSORS_MAX = 64;

    private static final Setting<String> TENSOR_NAME = Setting.required(
            "name",
            SettingType.text(
                    "1 to 63 characters of letters, digits and _", Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,62}")),
            "what callers call it");
    private static final Setting<String> TENSOR_DTYPE = Setting.required(
            "dtype",
            SettingType.oneOf(Arrays.stream(DType.values()).map(DType::name).toList()),
            "of its elements");
    private static final Setting<List<Integer>> TENSOR_SHAPE = Setting.required(
            "shape",
            SettingType.list(SettingType.integer(-1, Integer.MAX_VALUE), Schema.Box.RANK_MAX),
            "sizes, outermost first; -1: any");
    static final Section TENSOR = new Section(List.of(TENSOR_NAME, TENSOR_DTYPE, TENSOR_SHAPE));

    private static final Setting<Path> MODEL =
            Setting.required("model", SettingType.path(), "the .pt file, as torch.jit.save writes it");
    private static final Setting<String> DIGEST = Setting.required(
            "digest", ApplicationSettings.DIGEST, Requirement.R1_6, "of the file: another one is refused (R1.6)");
    private static final Setting<Path> SIGNATURE = Setting.optional(
            "signature",
            SettingType.path(),
            "of the file, see `redoubt models sign`; absent: the file's name and `.sig`");
    private static final Setting<Path> SIGNER = Setting.required(
            "signer", SettingType.path(), "whose signature it must be: a public key or certificates, PEM");
    private static final Setting<List<SectionValues>> INPUTS =
            Setting.required("inputs", SettingType.list(TENSOR, TENSORS_MAX), "what `forward` takes, in its order");
    private static final Setting<List<SectionValues>> OUTPUTS = Setting.required(
            "outputs", SettingType.list(TENSOR, TENSORS_MAX), "what `forward` gives: one tensor, or a tuple");
    static final Section SECTION = new Section(List.of(MODEL, DIGEST, SIGNATURE, SIGNER, INPUTS, OUTPUTS));

    private TorchSettings() {}

    /// @param absolute makes a path of the file one of the system
    /// @throws IllegalArgumentException if there is no input or output, or two have one name
    static RuntimeSpec spec(SectionValues values, UnaryOperator<Path> absolute) {
        Path model = absolute.apply(values.get(MODEL));
        Path beside = Path.of(model + ".sig");
        return new TorchRuntime.Settings(
                        model,
                        values.get(DIGEST),
                        values.find(SIGNATURE).map(absolute).orElse(beside),
                        absolute.apply(values.get(SIGNER)),
                        fields("inputs", values.get(INPUTS)),
                        fields("outputs", values.get(OUTPUTS)))
                .spec();
    }

    private static Schema.Fields fields(String name, List<SectionValues> tensors) {
        if (tensors.isEmpty()) throw new IllegalArgumentException("'" + name + "' is empty: name one tensor or more");
        return new Schema.Fields(tensors.stream()
                .map(tensor -> new Schema.Field(
                        tensor.get(TENSOR_NAME),
                        new Schema.Box(DType.valueOf(tensor.get(TENSOR_DTYPE)), tensor.get(TENSOR_SHAPE)),
                        true))
                .toList());
    }
}

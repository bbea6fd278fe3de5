package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.CheckpointKind;
import dev.redoubt.testkit.TinyCheckpoints;
import dev.redoubt.testkit.TinySafetensors;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizationConfigTest {
    private static final String MODULE = "model.layers.0.mlp.up_proj";

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void theMethodThatIsDeclaredIsNamed(CheckpointKind kind) throws IOException {
        ModelSpec spec = describe(TinyCheckpoints.write(folder, kind, 1));
        assertThat(spec.quantization())
                .isEqualTo(
                        switch (kind) {
                            case AWQ -> "awq-4bit";
                            case GPTQ, GPTQ_V2, GPTQ_ZEROS, GPTQ_ZEROS_V2, GPTQ_ORDERED, GPTQ_ORDERED_ZEROS ->
                                "gptq-4bit";
                            case GPTQ_8, GPTQ_8_ZEROS, GPTQ_8_ORDERED_ZEROS -> "gptq-8bit";
                            case W4A16 -> "compressed-tensors-w4a16";
                            case W8A8 -> "compressed-tensors-w8a8-int8";
                            case FP8 -> "compressed-tensors-fp8";
                        });
        assertThat(spec.parameters())
                .isEqualTo(2L * 272 * 64 + 64 + 2 * (2 * 64 + 2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GPTQ | `\"quant_method\":\"gptq\",` | `` | `'quant_method' in 'quantization_config' in config.json is missing`",
                "GPTQ | `\"gptq\",\"bits\"` | `\"gguf\",\"bits\"` | `is '\"gguf\"', allowed is one of awq, compressed-tensors, gptq`",
                "GPTQ | `\"quant_method\":\"gptq\"` | `\"quant_method\":\"awq\"` | `is no setting of the method 'awq'`",
                "GPTQ | `\"bits\":4` | `\"bits\":3` | `'bits' in 'quantization_config' in config.json is '3', allowed is 4 or 8`",
                "GPTQ | `\"bits\":4` | `\"bits\":4.0` | `allowed is 4 or 8`",
                "AWQ | `\"bits\":4` | `\"bits\":8` | `allowed is 4`",
                "GPTQ | `\"group_size\":32` | `\"group_size\":24` | `'24', allowed is -1, or a multiple of 32`",
                "GPTQ | `\"group_size\":32` | `\"group_size\":0` | `'0', allowed is -1, or a multiple of 32`",
                "GPTQ | `\"group_size\":32` | `\"group_size\":131072` | `up to 65536`",
                "GPTQ | `\"group_size\":32,` | `` | `'group_size' in 'quantization_config' in config.json is missing`",
                "GPTQ | `\"sym\":true,` | `` | `'sym' in 'quantization_config' in config.json is missing`",
                "GPTQ | `\"desc_act\":false,` | `` | `'desc_act' in 'quantization_config' in config.json is missing`",
                "GPTQ_ZEROS | `,\"checkpoint_format\":\"gptq\"` | `` | `'checkpoint_format' in 'quantization_config' in config.json is missing`",
                "GPTQ | `\"checkpoint_format\":\"gptq\"` | `\"checkpoint_format\":\"marlin\"` | `allowed is one of gptq, gptq_v2`",
                "GPTQ | `\"sym\":true` | `\"sym\":true,\"format\":\"gptq_v2\"` | `allowed is what 'format' says, which is 'gptq_v2'`",
                "GPTQ | `\"sym\":true` | `\"sym\":true,\"dynamic\":{\"-:.*\":{}}` | `'dynamic'`",
                "GPTQ | `\"sym\":true` | `\"sym\":true,\"rotation\":\"hadamard\"` | `'rotation' in 'quantization_config' in config.json is no setting`",
                "AWQ | `\"version\":\"gemm\"` | `\"version\":\"gemv\"` | `allowed is one of gemm`",
                "AWQ | `\"zero_point\":true` | `\"zero_point\":false` | `allowed is true`",
                "W4A16 | `\"num_bits\":4` | `\"num_bits\":2` | `'num_bits'`",
                "W4A16 | `\"symmetric\":true` | `\"symmetric\":false` | `'symmetric'`",
                "W4A16 | `\"format\":\"pack-quantized\",\"q` | `\"format\":\"int-quantized\",\"q` | `'format'`",
                "W4A16 | `\"strategy\":\"group\"` | `\"strategy\":\"block\"` | `allowed is one of channel, group`",
                "W4A16 | `\"dynamic\":false` | `\"dynamic\":false,\"actorder\":\"group\"` | `allowed is one of static, weight`",
                "W4A16 | `[\"lm_head\"]` | `[\"re:.*head\"]` | `without patterns`",
                "W4A16 | `[\"Linear\"]` | `[\"re:.*proj\"]` | `'targets'`",
                "W4A16 | `\"ignore\"` | `\"kv_cache_scheme\":{\"num_bits\":8},\"ignore\"` | `'kv_cache_scheme'`",
                "W8A8 | `\"strategy\":\"channel\"` | `\"strategy\":\"tensor\"` | `allowed is one of channel`",
                "W8A8 | `\"strategy\":\"token\"` | `\"strategy\":\"tensor\"` | `allowed is one of token`",
                "FP8 | `\"type\":\"float\",\"symmetric\"` | `\"type\":\"int\",\"symmetric\"` | `allowed is one of float`",
            })
    void V6_1_whatIsNotDeclaredInFullIsRefusedByName(CheckpointKind kind, String from, String to, String named)
            throws IOException {
        Path model = TinyCheckpoints.write(folder, kind, 1);
        assertThat(kind.settings()).contains(from);
        Files.writeString(
                model.resolve("config.json"),
                TinyCheckpoints.config(kind.settings().replace(from, to)));
        refused(model, "V6.1", named);
    }

    @Test
    void V6_1_tensorsWithoutADeclarationAndADeclarationWithoutTensorsAreRefused() throws IOException {
        Path model = TinyCheckpoints.write(folder, CheckpointKind.GPTQ, 1);
        String config = Files.readString(model.resolve("config.json"));
        Files.writeString(model.resolve("config.json"), TinyCheckpoints.config("null"));
        refused(model, "V6.1", "is part of a quantized matrix and no 'quantization_config' is in config.json");
        Files.writeString(model.resolve("config.json"), config);
        Files.write(
                model.resolve("model.safetensors"),
                TinyCheckpoints.tensors(CheckpointKind.AWQ, 1).bytes());
        refused(model, "V6.3", "g_idx' is missing");
    }

    @Test
    void V6_1_twoFilesThatDifferAreRefused() throws IOException {
        Path model = TinyCheckpoints.write(folder, CheckpointKind.GPTQ, 1);
        Path second = model.resolve("quantize_config.json");
        Files.writeString(second, CheckpointKind.GPTQ.settings());
        assertThat(describe(model).quantization()).isEqualTo("gptq-4bit");
        Files.writeString(second, CheckpointKind.GPTQ_V2.settings());
        refused(model, "V6.1", "'checkpoint_format' is '\"gptq\"'");
        Files.writeString(model.resolve("config.json"), TinyCheckpoints.config("null"));
        refused(model, "V6.1", "quantize_config.json is there and config.json has no 'quantization_config'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GPTQ | scales | F64 | 2,96 | has dtype F64, gptq-4bit asks for BF16 or F16 or F32",
                "GPTQ | scales | F16 | 2,95 | has shape [2, 95], gptq-4bit asks for [2, 96]",
                "GPTQ | qzeros | I32 | 2,11 | has shape [2, 11], gptq-4bit asks for [2, 12]",
                "GPTQ | qweight | I32 | 9,96 | has shape [9, 96], gptq-4bit asks for [8, 96]",
                "AWQ | qweight | I32 | 96,8 | has shape [96, 8], awq-4bit asks for [64, 12]",
                "W4A16 | weight_packed | I32 | 96,9 | has shape [96, 9]",
                "W8A8 | weight | U8 | 96,64 | has dtype U8, compressed-tensors-w8a8-int8 asks for I8",
                "FP8 | weight_scale | BF16 | 1,96 | has shape [1, 96]",
                "GPTQ | bias | F16 | 96 | unexpected extra tensor",
            })
    void V6_3_packedSizesAndTypesAreExact(CheckpointKind kind, String suffix, String dtype, String shape, String named)
            throws IOException {
        Path model = TinyCheckpoints.write(folder, kind, 1);
        long[] dimensions =
                Arrays.stream(shape.split(",")).mapToLong(Long::parseLong).toArray();
        long elements = Arrays.stream(dimensions).reduce(1, (a, b) -> a * b);
        int size = switch (dtype) {
            case "F64" -> 8;
            case "I32" -> 4;
            case "F16", "BF16" -> 2;
            default -> 1;
        };
        with(model, kind, suffix, dtype, new byte[(int) (elements * size)], dimensions);
        refused(model, "V6.3", MODULE + "." + suffix);
        refused(model, "V6.3", named);
    }

    @ParameterizedTest
    @CsvSource({"0", "-0.25", "65", "1000"})
    void V6_3_scalesThatAreNotPositiveOrAbsurdAreRefused(float scale) throws IOException {
        Path model = TinyCheckpoints.write(folder, CheckpointKind.GPTQ, 1);
        byte[] scales = new byte[2 * 2 * 96];
        short bits = Float.floatToFloat16(0.5f);
        for (int i = 0; i < scales.length; i += 2) {
            short value = i == 20 ? Float.floatToFloat16(scale) : bits;
            scales[i] = (byte) value;
            scales[i + 1] = (byte) (value >> 8);
        }
        with(model, CheckpointKind.GPTQ, "scales", "F16", scales, 2, 96);
        refused(
                model,
                "V6.3",
                MODULE + ".scales' has the scale " + scale + " at element 10, allowed is above 0, at most 64");
    }

    @Test
    void V6_3_aZeroBesideTheMiddleOfASymmetricModelIsRefused() throws IOException {
        Path model = TinyCheckpoints.write(folder, CheckpointKind.GPTQ, 1);
        int[] words = new int[24];
        Arrays.fill(words, 0x77777777);
        words[13] = 0x77777767; // group 1, outputs 8 to 15: the second one
        with(model, CheckpointKind.GPTQ, "qzeros", "I32", TinyCheckpoints.words(words), 2, 12);
        refused(model, "V6.3", "has the zero 7 in group 1 of output 9, a symmetric model of 4 bits has 8 only");
        // The same file read as version 2, whose zeros are stored as they are: all of them are 7 then.
        Path other = TinyCheckpoints.write(folder.resolve("v2"), CheckpointKind.GPTQ, 1);
        Files.writeString(other.resolve("config.json"), TinyCheckpoints.config(CheckpointKind.GPTQ_V2.settings()));
        refused(other, "V6.3", "has the zero 7 in group 0 of output 0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GPTQ_ORDERED | 2 | has the group 2 at element 5, allowed is 0 to 1",
                "GPTQ_ORDERED | -1 | has the group -1 at element 5, allowed is 0 to 1",
                "GPTQ_ORDERED | 1 | has 31 elements of the group 0, the group size is 32",
                "GPTQ | 1 | has the group 1 at element 5, without 'desc_act' it must be 0",
            })
    void V6_3_groupsOfFeaturesAreInRangeAndFull(CheckpointKind kind, int group, String named) throws IOException {
        Path model = TinyCheckpoints.write(folder, kind, 1);
        int[] groups = new int[64];
        for (int i = 0; i < 64; i++) groups[i] = i / 32;
        groups[5] = group;
        with(model, kind, "g_idx", "I32", TinyCheckpoints.words(groups), 64);
        refused(model, "V6.3", named);
    }

    @Test
    void V6_3_theStatedShapeOfPackedWeightsIsCompared() throws IOException {
        Path model = TinyCheckpoints.write(folder, CheckpointKind.W4A16, 1);
        with(model, CheckpointKind.W4A16, "weight_shape", "I64", TinyCheckpoints.words(64, 0, 96, 0), 2);
        refused(model, "V6.3", "weight_shape' says [64, 96], the configuration asks for [96, 64]");
    }

    @Test
    void V6_3_theGroupSizeDividesTheInput() throws IOException {
        Path model = TinyCheckpoints.write(folder, CheckpointKind.GPTQ, 1);
        Files.writeString(
                model.resolve("config.json"),
                TinyCheckpoints.config(
                        CheckpointKind.GPTQ.settings().replace("\"group_size\":32", "\"group_size\":64")));
        refused(model, "V6.3", "down_proj' has 96 input features, which the group size of 64 does not divide");
    }

    private static void with(Path model, CheckpointKind kind, String suffix, String dtype, byte[] data, long... shape)
            throws IOException {
        TinySafetensors file = TinyCheckpoints.tensors(kind, 1)
                .removeTensor(MODULE + "." + suffix)
                .tensor(MODULE + "." + suffix, dtype, data, shape);
        Files.write(model.resolve("model.safetensors"), file.bytes());
    }

    private static void refused(Path model, String rule, String named) {
        assertThatThrownBy(() -> describe(model))
                .isInstanceOfSatisfying(
                        ArtifactException.class,
                        refusal -> assertThat(refusal.rule()).isEqualTo(rule))
                .hasMessageContaining(named);
    }

    private static ModelSpec describe(Path path) {
        try (VerifiedArtifact artifact = ModelPath.open(path)) {
            return Models.describe(artifact);
        }
    }
}

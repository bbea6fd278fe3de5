package dev.redoubt.engine.quantize;

import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.trust.TensorType;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// What a model can be quantized to: most of its matrices get one format, some must be kept better.
///
/// The number is llama.cpp's for the file as a whole (`general.file_type`), which says what most tensors are.
public enum Target {
    Q8_0(TensorType.Q8_0, 7),
    Q6_K(TensorType.Q6_K, 18),
    Q5_1(TensorType.Q5_1, 9),
    Q5_0(TensorType.Q5_0, 8),
    Q5_K(TensorType.Q5_K, 16),
    Q4_1(TensorType.Q4_1, 3),
    Q4_0(TensorType.Q4_0, 2),
    Q4_K(TensorType.Q4_K, 14),
    Q3_K(TensorType.Q3_K, 11),
    Q2_K(TensorType.Q2_K, 10);

    private static final int LARGE_BLOCK = 256;
    private static final int BLOCK = 32;

    private final TensorType type;
    private final int fileType;

    Target(TensorType type, int fileType) {
        this.type = type;
        this.fileType = fileType;
    }

    /// @return the target of that name, as options say it
    public static Optional<Target> named(String name) {
        return Arrays.stream(values())
                .filter(target -> target.optionName().equals(name))
                .findAny();
    }

    /// All names, for messages.
    public static String names() {
        return Arrays.stream(values()).map(Target::optionName).collect(Collectors.joining(", "));
    }

    /// As options say it.
    public String optionName() {
        return name().toLowerCase(Locale.ROOT);
    }

    int fileType() {
        return fileType;
    }

    /// The type of a matrix whose rows have so many columns. Blocks of 256 need a multiple of 256; where it is
    /// one of 32 only, the next better format of 32 stands in, and where it is none of 32, f16.
    ///
    /// @param head whether it makes the logits: every token feels what is lost there, so where blocks are of 256
    ///     it has six bits at least
    TensorType type(long columns, boolean head) {
        if (columns % BLOCK != 0) return TensorType.F16;
        if (type.blockElements() != LARGE_BLOCK) return type;
        if (columns % LARGE_BLOCK == 0) return head ? TensorType.Q6_K : type;
        return switch (this) {
            case Q6_K -> TensorType.Q8_0;
            case Q5_K -> head ? TensorType.Q8_0 : TensorType.Q5_1;
            default -> head ? TensorType.Q8_0 : TensorType.Q5_0;
        };
    }

    static WeightFormat format(TensorType type) {
        return WeightFormat.valueOf(type.name());
    }
}

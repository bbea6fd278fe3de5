package dev.redoubt.engine.quantize;

import dev.redoubt.engine.canary.Judgement;
import dev.redoubt.engine.model.GgufExport;
import dev.redoubt.engine.model.GgufExport.Item;
import dev.redoubt.engine.tokenize.GgufVocabularyExport;
import dev.redoubt.kernels.Quantizer;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.GgufWriter;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.TensorType;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/// Writes a quantized GGUF file of a model whose weights are floats. Matrices are quantized, vectors stay what
/// they are, in 32 bits. The file says what it was made of and by what (`redoubt.quantize.*`), so that its
/// digest covers that.
public final class Quantization {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BITS16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Set<TensorType> FLOATS = Set.of(TensorType.F32, TensorType.F16, TensorType.BF16);
    private static final String FILE_TYPE = "general.file_type";
    private static final String VERSION = "general.quantization_version";
    private static final int VERSION_OF_GGML = 2;
    private static final String MEAN_KL = "redoubt.quantize.mean_kl";
    private static final String MAX_KL = "redoubt.quantize.max_kl";
    private static final String TOP1 = "redoubt.quantize.top1";
    private static final String PERPLEXITY_RATIO = "redoubt.quantize.perplexity_ratio";
    private static final String HEAD = "output.weight";
    private static final String EMBEDDING = "token_embd.weight";

    private final VerifiedArtifact model;
    private final Target target;
    private final GgufWriter writer = new GgufWriter();
    private final Map<TensorType, Long> weightsByType = new EnumMap<>(TensorType.class);

    /// Looks at all tensors; nothing is written yet.
    ///
    /// @param model a GGUF file, or a Hugging Face folder that [GgufExport] takes; stays open until it is written
    /// @param productVersion of the one who quantizes
    /// @throws ArtifactException if a matrix is quantized already, or the folder is of another kind
    public Quantization(VerifiedArtifact model, Target target, String productVersion) {
        this.model = model;
        this.target = target;
        List<Item> items;
        if (model.container() == Container.GGUF) {
            writer.copy(model.gguf(), Set.of(FILE_TYPE, VERSION));
            items = model.tensors().values().stream()
                    .map(tensor -> new Item(tensor.name(), tensor, 0))
                    .toList();
        } else {
            GgufExport export = GgufExport.of(model);
            export.metadata(writer);
            GgufVocabularyExport.write(model, export.vocabularySize(), writer);
            items = export.items();
        }
        writer.unsigned(FILE_TYPE, target.fileType())
                .unsigned(VERSION, VERSION_OF_GGML)
                .text("redoubt.quantize.source_digest", model.digest())
                .text("redoubt.quantize.version", productVersion)
                .realLater(MEAN_KL)
                .realLater(MAX_KL)
                .realLater(TOP1)
                .realLater(PERPLEXITY_RATIO);
        boolean ownHead = items.stream().anyMatch(item -> item.name().equals(HEAD));
        for (Item item : items) plan(item, item.name().equals(ownHead ? HEAD : EMBEDDING));
    }

    private void plan(Item item, boolean head) {
        Tensor tensor = item.tensor();
        List<Long> shape = tensor.shape();
        if (!FLOATS.contains(tensor.type()))
            throw refused("tensor '" + tensor.name() + "' is of type " + tensor.type()
                    + ", what is quantized is F32, F16 or BF16: take the model that this one was made of");
        TensorType type = shape.size() == 1 ? TensorType.F32 : target.type(shape.getLast(), head);
        writer.tensor(item.name(), type, shape, (first, count, to) -> convert(item, type, first, count, to));
        weightsByType.merge(type, elements(shape), Long::sum);
    }

    private static long elements(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /// How many weights have which type.
    public Map<TensorType, Long> weightsByType() {
        return Map.copyOf(weightsByType);
    }

    /// Of all tensors, as they will be stored.
    public long tensorBytes() {
        return writer.tensorBytes();
    }

    /// Writes, then reads the reference text with both models: the file says how far it is from what it was
    /// made of.
    ///
    /// @param file is whole or absent afterwards
    /// @param progress told how many bytes of [#tensorBytes] are written
    /// @param threads that read
    /// @throws ArtifactException if a weight is not finite, or the model was written meanwhile
    public Judgement write(Path file, LongConsumer progress, int threads) throws IOException {
        AtomicReference<Judgement> judged = new AtomicReference<>();
        writer.write(file, progress, written -> {
            model.confirm();
            Judgement judgement;
            try (VerifiedArtifact smaller = ModelPath.open(written)) {
                judgement = Judgement.of(model, smaller, "", threads);
            }
            judged.set(judgement);
            return Map.of(
                    MEAN_KL, (float) judgement.meanKl(),
                    MAX_KL, (float) judgement.maxKl(),
                    TOP1, (float) judgement.top1(),
                    PERPLEXITY_RATIO, (float) judgement.perplexityRatio());
        });
        return Objects.requireNonNull(judged.get());
    }

    /// Rows are independent of each other: each is computed whole by one thread.
    private static void convert(Item item, TensorType type, long first, int count, MemorySegment to) {
        int columns = Math.toIntExact(item.tensor().shape().getLast());
        long rowBytes = to.byteSize() / count;
        IntStream.range(0, count).parallel().forEach(row -> {
            float[] weights = floats(item.tensor(), item.source(first + row) * columns, columns);
            MemorySegment out = to.asSlice(row * rowBytes, rowBytes);
            switch (type) {
                case F32 -> MemorySegment.copy(weights, 0, out, F32, 0, columns);
                case F16 -> {
                    for (int k = 0; k < columns; k++) out.set(BITS16, 2L * k, Float.floatToFloat16(weights[k]));
                }
                default -> new Quantizer(Target.format(type)).quantize(weights, 0, columns, out, 0);
            }
        });
    }

    private static float[] floats(Tensor tensor, long first, int count) {
        float[] floats = new float[count];
        for (int k = 0; k < count; k++) {
            float value = switch (tensor.type()) {
                case F32 -> tensor.data().get(F32, 4 * (first + k));
                case F16 -> Float.float16ToFloat(tensor.data().get(BITS16, 2 * (first + k)));
                default -> Float.intBitsToFloat(tensor.data().get(BITS16, 2 * (first + k)) << 16);
            };
            if (!Float.isFinite(value))
                throw refused("tensor '" + tensor.name() + "' has the weight " + value + " at " + (first + k)
                        + ", weights must be finite: the file is damaged");
            floats[k] = value;
        }
        return floats;
    }

    private static ArtifactException refused(String problem) {
        return new ArtifactException("V6.1", problem);
    }
}

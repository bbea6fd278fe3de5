package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Shape;
import dev.redoubt.serve.schema.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A text as a direction in space: texts of like meaning point alike.
@Deployment(name = "Embeddings", maxOngoingRequests = 16, cpus = 0.5, memoryMiB = 192)
public final class Embeddings implements Handler<Embeddings.Texts, Embeddings.Vectors> {
    private static final int TEXTS_MAX = 32;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public record Texts(List<String> texts) {
        public Texts {
            if (texts.isEmpty() || texts.size() > TEXTS_MAX) throw new IllegalArgumentException("1 to 32 texts");
        }
    }

    /// @param vectors one of 384 numbers for each text, of length 1
    public record Vectors(List<List<Float>> vectors) {}

    public record Pieces(
            @Shape(dtype = DType.I64, sizes = {-1, -1}) Tensor input_ids,
            @Shape(dtype = DType.I64, sizes = {-1, -1}) Tensor attention_mask,
            @Shape(dtype = DType.I64, sizes = {-1, -1}) Tensor token_type_ids) {}

    public record States(@Shape(dtype = DType.F32, sizes = {-1, -1, 384}) Tensor last_hidden_state) {}

    private final DeploymentHandle<Pieces, States> encoder;
    private final WordPiece tokenizer;

    public Embeddings(@To("Encoder") DeploymentHandle<Pieces, States> encoder) throws IOException {
        this.encoder = encoder;
        try (InputStream in = Embeddings.class.getResourceAsStream("/tokenizer.json")) {
            tokenizer = new WordPiece(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Override
    public Vectors handle(Texts input) {
        List<long[]> rows = input.texts().stream().map(tokenizer::ids).toList();
        int width = rows.stream().mapToInt(row -> row.length).max().orElseThrow();
        List<Integer> shape = List.of(rows.size(), width);
        Tensor ids = Tensor.written(DType.I64, shape, data -> {
            for (int r = 0; r < rows.size(); r++)
                for (int i = 0; i < rows.get(r).length; i++) data.setAtIndex(LONG, (long) r * width + i, rows.get(r)[i]);
        });
        Tensor mask = Tensor.written(DType.I64, shape, data -> {
            for (int r = 0; r < rows.size(); r++)
                for (int i = 0; i < rows.get(r).length; i++) data.setAtIndex(LONG, (long) r * width + i, 1);
        });
        Tensor kinds = Tensor.written(DType.I64, shape, data -> {});
        Tensor states = encoder.call(new Pieces(ids, mask, kinds)).get().last_hidden_state();
        List<List<Float>> vectors = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) vectors.add(mean(states, (long) r * width, rows.get(r).length));
        return new Vectors(vectors);
    }

    /// Of the states of a text's own pieces, scaled to length 1: how the model was trained to be used.
    private static List<Float> mean(Tensor states, long first, int pieces) {
        int size = states.shape().getLast();
        double[] sum = new double[size];
        for (int p = 0; p < pieces; p++)
            for (int i = 0; i < size; i++) sum[i] += states.floatAt((first + p) * size + i);
        double length = 0;
        for (double one : sum) length += one * one;
        List<Float> vector = new ArrayList<>(size);
        for (double one : sum) vector.add((float) (one / Math.sqrt(length)));
        return vector;
    }
}

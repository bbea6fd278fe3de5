package dev.redoubt.runtime.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Tensor;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real sentence encoder of 90 MB, as PyTorch exported it.
class MiniLmTest {
    private static final int WIDTH = 384;
    private static final int CLS = 101;
    private static final int SEP = 102;
    private static final int PAD = 0;
    private static final int CAT = 4937;
    private static final int KITTEN = 18401;
    private static final int TRUCK = 4744;

    @TempDir
    Path temp;

    private static Tensor longs(int rows, long... values) {
        return Tensor.written(DType.I64, List.of(rows, values.length / rows), data -> {
            for (int i = 0; i < values.length; i++) data.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i, values[i]);
        });
    }

    private static Tensor states(Replica replica, int rows, long... ids) throws Exception {
        long[] mask = Arrays.stream(ids).map(id -> id == PAD ? 0 : 1).toArray();
        return Tensor.of(replica.output(Replica.tree(Map.of(
                        "input_ids", longs(rows, ids),
                        "attention_mask", longs(rows, mask),
                        "token_type_ids", longs(rows, new long[ids.length]))))
                .required("last_hidden_state"));
    }

    /// Mean of the tokens' states, as the model was trained to be used.
    private static double[] embedding(Tensor states) {
        double[] mean = new double[WIDTH];
        for (int i = 0; i < states.count(); i++) mean[i % WIDTH] += states.floatAt(i);
        return mean;
    }

    private static double cosine(double[] a, double[] b) {
        double dot = 0;
        double left = 0;
        double right = 0;
        for (int i = 0; i < a.length; i++) {
            dot += a[i] * b[i];
            left += a[i] * a[i];
            right += b[i] * b[i];
        }
        return dot / Math.sqrt(left * right);
    }

    @Test
    void wordsOfLikeMeaningAreNearAndPaddingChangesNothing() throws Exception {
        Path file = temp.resolve("all-minilm-l6-v2.onnx");
        try (InputStream model = ClassLoader.getSystemResourceAsStream("all-minilm-l6-v2.onnx")) {
            Files.copy(Objects.requireNonNull(model, "the jar with the model"), file);
        }
        try (Replica replica = new Replica(file, 2)) {
            Tensor cat = states(replica, 1, CLS, CAT, SEP);
            assertThat(cat.shape()).containsExactly(1, 3, WIDTH);
            double near = cosine(embedding(cat), embedding(states(replica, 1, CLS, KITTEN, SEP)));
            double far = cosine(embedding(cat), embedding(states(replica, 1, CLS, TRUCK, SEP)));
            assertThat(near).isGreaterThan(far + 0.2);
            Tensor padded = states(replica, 2, CLS, CAT, SEP, PAD, CLS, CAT, KITTEN, SEP);
            assertThat(padded.shape()).containsExactly(2, 4, WIDTH);
            for (int i = 0; i < 3 * WIDTH; i++)
                assertThat((double) padded.floatAt(i)).isCloseTo(cat.floatAt(i), within(1e-4));
        }
    }
}

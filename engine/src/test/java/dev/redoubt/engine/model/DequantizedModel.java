package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.testkit.TinySafetensors;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/// A GGUF file of the Shakespeare model as a Hugging Face folder of f32 weights: each what its code stands for, which
/// `WeightMatrixTest` proves to be ggml's to the bit. The reference whose whole logits can be compared.
final class DequantizedModel {
    private static final int HEAD_DIMENSION = 64;

    private DequantizedModel() {}

    static Path write(Path gguf, Path config, Path folder) throws IOException {
        TinySafetensors out = new TinySafetensors();
        try (VerifiedArtifact artifact = ModelPath.open(gguf);
                Compute compute = Compute.open("auto", 1, 1, 1)) {
            for (TensorSpec spec : DecoderTensors.of(Models.plan(artifact), Container.GGUF)) {
                Tensor tensor = artifact.tensors().get(spec.name(Container.GGUF));
                if (tensor == null) continue;
                boolean permuted = spec.role() == TensorRole.QUERY || spec.role() == TensorRole.KEY;
                out.tensor(
                        spec.name(Container.SAFETENSORS),
                        "F32",
                        floats(tensor, permuted, compute),
                        tensor.shape().stream().mapToLong(Long::longValue).toArray());
            }
        }
        Files.copy(config, folder.resolve("config.json"));
        Files.write(folder.resolve("model.safetensors"), out.bytes());
        return folder;
    }

    /// @param permuted whether the rows of a head are in GGUF's order, neighbours rotated together
    private static byte[] floats(Tensor tensor, boolean permuted, Compute compute) {
        int columns = Math.toIntExact(tensor.shape().getLast());
        int rows =
                tensor.shape().size() == 1 ? 1 : Math.toIntExact(tensor.shape().getFirst());
        int[] ids = IntStream.range(0, rows)
                .map(row -> permuted ? inFile(row) : row)
                .toArray();
        ByteBuffer bytes = ByteBuffer.allocate(4 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
        try (Arena arena = Arena.ofShared()) {
            WeightMatrix matrix = compute.weights(TensorCheck.format(tensor), rows, columns, tensor.data(), arena);
            FloatMatrix values = FloatMatrix.allocate(rows, columns, arena);
            compute.embed(matrix, ids, rows, values);
            for (int row = 0; row < rows; row++) for (int k = 0; k < columns; k++) bytes.putFloat(values.get(row, k));
        }
        return bytes.array();
    }

    private static int inFile(int row) {
        int half = HEAD_DIMENSION / 2;
        int inHead = row % HEAD_DIMENSION;
        return row - inHead + 2 * (inHead % half) + inHead / half;
    }
}

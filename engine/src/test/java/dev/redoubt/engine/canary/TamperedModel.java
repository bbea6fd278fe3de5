package dev.redoubt.engine.canary;

import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.TensorType;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/// A model, GGUF or safetensors, whose weights are changed in its file.
final class TamperedModel {
    interface Fault {
        void apply(TamperedModel model) throws IOException;
    }

    /// @param at where its bytes begin in the file
    private record Place(TensorType type, List<Long> shape, int at, int bytes) {
        int columns() {
            return Math.toIntExact(shape.getLast());
        }

        int rowBytes() {
            return columns() / type.blockElements() * type.blockBytes();
        }
    }

    private final Path path;
    private final Path weights;
    private final byte[] original;
    private final byte[] bytes;
    private final Map<String, Place> tensors = new TreeMap<>();

    /// @param path a GGUF file or a model folder that is the caller's to spoil
    TamperedModel(Path path) throws IOException {
        this.path = path;
        this.weights = Files.isDirectory(path) ? path.resolve("model.safetensors") : path;
        this.original = Files.readAllBytes(weights);
        this.bytes = original.clone();
        try (VerifiedArtifact model = ModelPath.open(path)) {
            for (Tensor tensor : model.tensors().values())
                tensors.put(
                        tensor.name(),
                        new Place(
                                tensor.type(), tensor.shape(), at(tensor.data().toArray(ValueLayout.JAVA_BYTE)), (int)
                                        tensor.data().byteSize()));
        }
    }

    /// Random weights are in one place only; of equal tensors any will do.
    private int at(byte[] content) {
        for (int at = original.length - content.length; at >= 0; at--)
            if (original[at] == content[0]
                    && Arrays.equals(original, at, at + content.length, content, 0, content.length)) return at;
        throw new AssertionError("a tensor's bytes are not in its file");
    }

    Path path() {
        return path;
    }

    List<String> names() {
        return List.copyOf(tensors.keySet());
    }

    void restore() throws IOException {
        System.arraycopy(original, 0, bytes, 0, bytes.length);
        Files.write(weights, bytes);
    }

    /// What a projection of a layer is called, without what tells its parts apart.
    String named(int layer, String projection) {
        String gguf = "blk." + layer + ".ffn_" + projection + ".";
        String safetensors = "model.layers." + layer + ".mlp." + projection + "_proj.";
        return tensors.keySet().stream().anyMatch(name -> name.startsWith(gguf)) ? gguf : safetensors;
    }

    private Place place(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    private Place part(String prefix, String... parts) {
        for (String part : parts) if (tensors.containsKey(prefix + part)) return place(prefix + part);
        throw new AssertionError(prefix + " has none of " + Arrays.toString(parts));
    }

    private boolean blocks(String prefix) {
        return tensors.containsKey(prefix + "weight")
                && place(prefix + "weight").type().blockElements() > 1;
    }

    private Place scales(String prefix) {
        return part(prefix, "scales", "weight_scale", "weight");
    }

    private Place codes(String prefix) {
        return part(prefix, "qweight", "weight_packed", "weight");
    }

    // ---- faults

    /// Of a block's scale, of an element of a tensor of scales, or of a weight that has none.
    void scaleTimesFour(String prefix) throws IOException {
        Place place = scales(prefix);
        timesFour(place, blocks(prefix) ? place.at() + scaleInBlock(place.type()) : place.at());
        write();
    }

    /// Of the first group of every row.
    void groupTimesFour(String prefix) throws IOException {
        Place place = scales(prefix);
        boolean groupsFirst = tensors.containsKey(prefix + "scales"); // (groups, out) with AWQ and GPTQ
        if (groupsFirst) {
            int size = place.type().blockBytes();
            for (int i = 0; i < place.columns(); i++) timesFour(place, place.at() + i * size);
        } else {
            int inRow = blocks(prefix) ? scaleInBlock(place.type()) : 0;
            for (int at = 0; at < place.bytes(); at += place.rowBytes()) timesFour(place, place.at() + at + inRow);
        }
        write();
    }

    void swapLayers(int first, int second) throws IOException {
        for (String name : names()) {
            String other = name.replace("blk." + first + ".", "blk." + second + ".")
                    .replace("layers." + first + ".", "layers." + second + ".");
            if (name.equals(other)) continue;
            Place a = place(name);
            Place b = place(other);
            if (a.type() != b.type()) continue; // another format in the other layer
            byte[] kept = Arrays.copyOfRange(bytes, a.at(), a.at() + a.bytes());
            System.arraycopy(bytes, b.at(), bytes, a.at(), a.bytes());
            System.arraycopy(kept, 0, bytes, b.at(), b.bytes());
        }
        write();
    }

    void zero(String prefix) throws IOException {
        Place place = codes(prefix);
        Arrays.fill(bytes, place.at(), place.at() + place.bytes(), (byte) 0);
        write();
    }

    /// @param oneOf how many bytes have one whose lower four bits are flipped
    void flipNibbles(String prefix, int oneOf) throws IOException {
        Place place = codes(prefix);
        Random random = new Random(1);
        int block = place.type().blockBytes();
        for (int i = 0; i < place.bytes(); i++)
            if (isCode(place.type(), i % block) && random.nextInt(oneOf) == 0) bytes[place.at() + i] ^= 15;
        write();
    }

    /// @param id a token that the text has: of a table of embeddings its row is taken
    void flipLowestBit(String name, int id) throws IOException {
        Place place = place(name);
        boolean table = name.contains("embd") || name.contains("embed");
        int row = table ? id : place.bytes() / place.rowBytes() / 2;
        int block = place.type().blockBytes();
        int inRow = place.rowBytes() / block / 2 * block;
        int at = row * place.rowBytes() + inRow + lowestByte(place.type());
        bytes[place.at() + at] ^= 1;
        write();
    }

    private void write() throws IOException {
        Files.write(weights, bytes);
    }

    private void timesFour(Place place, int at) {
        switch (place.type()) {
            case F32 -> {
                int bits = 0;
                for (int i = 3; i >= 0; i--) bits = bits << 8 | bytes[at + i] & 255;
                int larger = Float.floatToIntBits(4 * Float.intBitsToFloat(bits));
                for (int i = 0; i < 4; i++) bytes[at + i] = (byte) (larger >> 8 * i);
            }
            case BF16 -> {
                int bits = (bytes[at] & 255 | bytes[at + 1] << 8) << 16;
                put(at, (short) (Float.floatToIntBits(4 * Float.intBitsToFloat(bits)) >> 16));
            }
            default ->
                put(at, Float.floatToFloat16(4 * Float.float16ToFloat((short) (bytes[at] & 255 | bytes[at + 1] << 8))));
        }
    }

    private void put(int at, short bits) {
        bytes[at] = (byte) bits;
        bytes[at + 1] = (byte) (bits >> 8);
    }

    /// Where a block has its scale of all weights.
    private static int scaleInBlock(TensorType type) {
        return switch (type) {
            case Q6_K -> 208;
            case Q3_K -> 108;
            case Q2_K -> 80;
            default -> 0;
        };
    }

    /// Whether a byte of a block holds nothing but codes.
    private static boolean isCode(TensorType type, int inBlock) {
        return switch (type) {
            case Q6_K -> inBlock < 128;
            case Q3_K -> inBlock >= 32 && inBlock < 96;
            case Q2_K -> inBlock >= 16 && inBlock < 80;
            case BF16 -> inBlock == 0; // the lower byte: all is finite
            default ->
                inBlock >= type.blockBytes() - (type.blockElements() > 32 ? 128 : type.blockElements() / 2)
                        || type.blockElements() == 1;
        };
    }

    /// A byte whose lowest bit is the lowest of a weight.
    private static int lowestByte(TensorType type) {
        return switch (type) {
            case Q6_K -> 0;
            case Q3_K -> 32;
            case Q2_K -> 16;
            default -> type.blockElements() == 1 ? 0 : type.blockBytes() - 1;
        };
    }
}

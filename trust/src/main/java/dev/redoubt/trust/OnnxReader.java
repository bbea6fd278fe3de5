package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A strict reader of one ONNX file: what must be known before native code sees its bytes. Each field of each
/// message is known, each weight is inside and of the right size, each node is of a standard operator and reads
/// what an earlier one made.
final class OnnxReader {
    /* What a hostile file could try, and what stops it:
     * - weights elsewhere (any file, an address in memory): refused in every tensor, in every graph;
     * - code: operators of a domain that is not standard, functions that redefine standard ones, options for the runtime in
     *   the metadata: refused;
     * - a file of two formats: ONNX Runtime takes bytes with "ORTM" in the fifth place for its own format, which nobody has
     *   checked here, and "ORTM" can stand in the name of a producer: refused;
     * - counts and depths without end: graphs in graphs are bounded, nodes and names too, lengths by what is left;
     * - fields that two readers see differently: [ProtoCursor].
     * What it does not decide: how long a graph runs and how much memory it takes then. Field numbers are those of
     * onnx.proto; limits are ours. */
    static final int NAME_BYTES_MAX = 1024;
    static final int TEXT_BYTES_MAX = 1 << 20;
    static final int IR_MIN = 3; // the first with versions of operators
    static final int IR_MAX = 13; // this and the versions below: what ONNX Runtime 1.29 loads
    static final int OPSET_MIN = 7;
    static final int OPSET_MAX = 26;
    static final int ML_OPSET_MAX = 5;
    static final long FILE_BYTES_MAX = Integer.MAX_VALUE; // protobuf's own
    private static final String STANDARD = "";
    private static final String STANDARD_ALIAS = "ai.onnx";
    private static final String ML = "ai.onnx.ml";
    private static final int IMPORTS_MAX = 8;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int ORT_MAGIC = 0x4D54524F; // "ORTM"

    private int irVersion;
    private final Map<String, Integer> imports = new HashMap<>();

    private OnnxReader() {}

    /// @param bytes the whole file
    /// @throws ArtifactException if anything is not as it must be
    static OnnxModel read(MemorySegment bytes) {
        if (bytes.byteSize() == 0) throw Refusals.content("ONNX file is empty: get the whole file");
        if (bytes.byteSize() > FILE_BYTES_MAX)
            throw Refusals.content("ONNX file has %d bytes, limit is %d", bytes.byteSize(), FILE_BYTES_MAX);
        if (bytes.byteSize() >= 8 && bytes.get(INT, 4) == ORT_MAGIC)
            throw Refusals.format("not an ONNX model: it says 'ORTM' as ONNX Runtime's own format does: convert it");
        return new OnnxReader().model(ProtoCursor.of(bytes, "model"));
    }

    private OnnxModel model(ProtoCursor at) {
        ProtoCursor graph = null;
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> irVersion = version("IR version", at.once().varint(), IR_MIN, IR_MAX);
                case 2, 3, 4, 6 -> at.once().bytes(); // words for people
                case 5 -> at.once().varint();
                case 7 -> graph = at.once().message("graph");
                case 8 -> opset(at.message("operator set"));
                case 14 -> metadata(at.message("model metadata"));
                case 20 -> throw Refusals.content("ONNX model has training information: export it for inference");
                case 25 ->
                    throw Refusals.format(
                            "ONNX model has a function, an operator of its own: export it with its functions inlined");
                default -> throw at.unknown();
            }
        if (irVersion == 0) throw Refusals.content("not an ONNX model: it has no IR version");
        if (graph == null) throw Refusals.content("not an ONNX model: it has no graph");
        Integer opset = imports.get(STANDARD);
        if (opset == null && !imports.containsKey(ML))
            throw Refusals.content("not an ONNX model: it names no version of an operator set");
        OnnxGraph root = OnnxGraph.read(graph, imports.keySet());
        List<OnnxModel.Value> inputs = root.inputs();
        return new OnnxModel(irVersion, opset == null ? 0 : opset, inputs, root.outputs());
    }

    private static int version(String what, long version, int min, int max) {
        if (version < min || version > max)
            throw Refusals.content("ONNX %s is %d, supported are %d to %d", what, version, min, max);
        return (int) version;
    }

    private void opset(ProtoCursor at) {
        String domain = STANDARD;
        long version = 0;
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> domain = at.once().text("domain", NAME_BYTES_MAX);
                case 2 -> version = at.once().varint();
                default -> throw at.unknown();
            }
        domain = domain("operator set", domain);
        int max = domain.equals(ML) ? ML_OPSET_MAX : OPSET_MAX;
        int min = domain.equals(ML) ? 1 : OPSET_MIN;
        if (imports.size() == IMPORTS_MAX || imports.containsKey(domain))
            throw Refusals.content("ONNX model names the operator set '%s' twice", domain);
        imports.put(domain, version("opset version of the domain '" + domain + "'", version, min, max));
    }

    /// @return the domain by its usual name
    static String domain(String owner, String domain) {
        if (domain.equals(STANDARD) || domain.equals(STANDARD_ALIAS)) return STANDARD;
        if (domain.equals(ML)) return ML;
        throw Refusals.format(
                "ONNX %s is of the domain '%s', operators are read of ai.onnx and ai.onnx.ml only: export without it",
                owner, StrangerText.shown(domain));
    }

    /// Checks a pair of texts.
    static void metadata(ProtoCursor at) {
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> {
                    if (at.once().text("metadata key", NAME_BYTES_MAX).equals("ort_config"))
                        throw Refusals.content("ONNX metadata 'ort_config' holds options of ONNX Runtime: remove it");
                }
                case 2 -> at.once().bytes();
                default -> throw at.unknown();
            }
    }
}

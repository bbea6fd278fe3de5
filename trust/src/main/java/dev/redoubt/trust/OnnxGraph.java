package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One graph of an ONNX file and those inside it: who makes which value, in which order.
final class OnnxGraph {
    static final int DEPTH_MAX = 8;
    static final int NODES_MAX = 500_000; // in all graphs together
    static final int VALUES_MAX = 1_000_000;
    private static final int ATTRIBUTES_MAX = 256; // of one node
    private static final int ENDS_MAX = 65_536; // inputs or outputs of one graph or node

    private static final class Counts {
        int nodes;
        int values;
    }

    private final @Nullable OnnxGraph outer;
    private final Counts counts;
    private final Set<String> domains;
    private final int depth;
    private final Set<String> defined = new HashSet<>();
    private final Set<String> stored = new HashSet<>(); // initializers
    private final List<OnnxModel.Value> inputs = new ArrayList<>();
    private final List<OnnxModel.Value> outputs = new ArrayList<>();

    private OnnxGraph(@Nullable OnnxGraph outer, Counts counts, Set<String> domains, int depth) {
        this.outer = outer;
        this.counts = counts;
        this.domains = domains;
        this.depth = depth;
    }

    /// @param domains those whose operators may occur
    static OnnxGraph read(ProtoCursor graph, Set<String> domains) {
        var read = new OnnxGraph(null, new Counts(), domains, 1);
        read.read(graph);
        return read;
    }

    /// Those that a caller gives; a graph's input with a stored value keeps that.
    List<OnnxModel.Value> inputs() {
        return inputs.stream().filter(one -> !stored.contains(one.name())).toList();
    }

    List<OnnxModel.Value> outputs() {
        return outputs;
    }

    private void read(ProtoCursor at) {
        long begin = at.position();
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> at.message("node"); // in a second pass: what they read may stand behind them
                case 2 -> at.once().text("graph name", OnnxReader.TEXT_BYTES_MAX);
                case 5 -> initializer(OnnxTensor.check(at.message("initializer"), false));
                case 10 -> at.once().bytes();
                case 11 ->
                    add(inputs, OnnxValue.read(at.message("graph input"), "input", depth > 1), "graph", ENDS_MAX);
                case 12 ->
                    add(outputs, OnnxValue.read(at.message("graph output"), "output", depth > 1), "graph", ENDS_MAX);
                case 13 -> OnnxValue.read(at.message("value"), "value", true);
                case 14 -> throw Refusals.content("ONNX graph has quantization annotations, which are not read");
                case 15 -> throw Refusals.content("ONNX graph has sparse initializers: store them as dense ones");
                case 16 -> OnnxReader.metadata(at.message("graph metadata"));
                default -> throw at.unknown();
            }
        Set<String> names = new HashSet<>();
        for (OnnxModel.Value input : inputs) {
            if (!names.add(input.name())) throw twice(input.name());
            if (!stored.contains(input.name())) define(input.name());
        }
        nodes(at.again(begin));
        names.clear();
        for (OnnxModel.Value output : outputs) {
            if (!names.add(output.name())) throw twice(output.name());
            if (!defined.contains(output.name()))
                throw Refusals.content(
                        "ONNX graph output '%s' is made by no node of its graph", StrangerText.shown(output.name()));
        }
    }

    private void initializer(String name) {
        if (name.isEmpty()) throw Refusals.content("ONNX initializer has no name");
        stored.add(name);
        define(name);
    }

    /// What stands in lists is bounded before it is added: an empty entry takes two bytes in the file and more
    /// here.
    private static <T> void add(List<T> list, T one, String owner, int max) {
        if (list.size() == max) throw Refusals.content("ONNX %s has over %d entries of one kind", owner, max);
        list.add(one);
    }

    private void define(String name) {
        if (++counts.values > VALUES_MAX)
            throw Refusals.content("ONNX graph has over %d values, which is the limit", VALUES_MAX);
        if (isDefined(name)) throw twice(name);
        defined.add(name);
    }

    private static ArtifactException twice(String name) {
        return Refusals.content(
                "ONNX graph makes the value '%s' twice: a name is given once, in inner graphs too",
                StrangerText.shown(name));
    }

    private boolean isDefined(String name) {
        for (OnnxGraph graph = this; graph != null; graph = graph.outer) if (graph.defined.contains(name)) return true;
        return false;
    }

    private void nodes(ProtoCursor at) {
        for (int field = at.next(); field != 0; field = at.next())
            if (field == 1) node(at.message("node"));
            else if (field == 5) at.message("initializer");
            else at.bytes();
    }

    /// Reads come before makes, wherever their fields stand: a node does not read what it makes.
    private void node(ProtoCursor at) {
        if (++counts.nodes > NODES_MAX) throw Refusals.content("ONNX graph has over %d nodes", NODES_MAX);
        List<String> reads = new ArrayList<>();
        List<String> makes = new ArrayList<>();
        List<ProtoCursor> attributes = new ArrayList<>();
        String operator = "";
        String domain = "";
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> add(reads, at.text("input", OnnxReader.NAME_BYTES_MAX), "node", ENDS_MAX);
                case 2 -> add(makes, at.text("output", OnnxReader.NAME_BYTES_MAX), "node", ENDS_MAX);
                case 3 -> at.once().text("name", OnnxReader.TEXT_BYTES_MAX);
                case 4 -> operator = at.once().text("operator", OnnxReader.NAME_BYTES_MAX);
                case 5 -> add(attributes, at.message("attribute"), "node", ATTRIBUTES_MAX);
                case 6 -> at.once().bytes();
                case 7 -> domain = at.once().text("domain", OnnxReader.NAME_BYTES_MAX);
                case 9 -> OnnxReader.metadata(at.message("node metadata"));
                default -> throw at.unknown();
            }
        checkOperator(operator, domain);
        for (String name : reads)
            if (!name.isEmpty() && !isDefined(name))
                throw Refusals.content(
                        "ONNX node of %s reads the input '%s', which no node before it makes: a graph is sorted, without a cycle",
                        operator, StrangerText.shown(name));
        attributes(operator, attributes);
        for (String name : makes) if (!name.isEmpty()) define(name);
    }

    private void checkOperator(String operator, String domain) {
        boolean plain = !operator.isEmpty()
                && operator.length() <= 128
                && operator.chars().allMatch(c -> c < 0x7F && (Character.isLetterOrDigit(c) || c == '_'));
        if (!plain)
            throw Refusals.content("ONNX node is of the operator '%s', which is no name", StrangerText.shown(operator));
        String known = OnnxReader.domain("operator " + operator, domain);
        if (!domains.contains(known))
            throw Refusals.content(
                    "ONNX node of %s is of the domain '%s', of which the model names no opset version",
                    operator, known);
    }

    private void attributes(String operator, List<ProtoCursor> attributes) {
        Set<String> names = new HashSet<>();
        for (ProtoCursor one : attributes) {
            String name = new OnnxAttribute(operator, this).read(one);
            if (!names.add(name))
                throw Refusals.content(
                        "ONNX node of %s has the attribute '%s' twice", operator, StrangerText.shown(name));
        }
    }

    /// Reads a graph inside this one, which sees what is defined so far.
    void inner(ProtoCursor graph) {
        if (depth == DEPTH_MAX)
            throw Refusals.content("ONNX graph is nested over %d deep, which is the limit", DEPTH_MAX);
        new OnnxGraph(this, counts, domains, depth + 1).read(graph);
    }
}

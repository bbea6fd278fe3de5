package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// The tensors of a safetensors folder: of its one weight file, or of the shards that
/// `model.safetensors.index.json` names, which must hold every tensor where the index says and nothing else.
final class SafetensorsFolder {
    static final String SUFFIX = ".safetensors";
    private static final String ADAPTER_CONFIG = "adapter_config.json";
    private static final String ADAPTER_WEIGHTS = "adapter_model.safetensors";
    static final String INDEX_SUFFIX = ".safetensors.index.json";
    private static final int SHARDS_MAX = 4096;
    private static final JsonLimits INDEX_LIMITS = new JsonLimits(32 << 20, 8, 300_000, 4_096, 4_096, 32);

    private SafetensorsFolder() {}

    /// Whether these are the files of a low-rank adapter, not of a model.
    static boolean isAdapter(Collection<String> files) {
        return files.contains(ADAPTER_CONFIG) || files.contains(ADAPTER_WEIGHTS);
    }

    /// @param files of the folder, by name
    /// @throws ArtifactException if a file or the index is wrong, or they disagree
    static Map<String, Tensor> read(Map<String, MemorySegment> files) {
        List<String> weights = files.keySet().stream()
                .filter(name -> name.endsWith(SUFFIX))
                .sorted()
                .toList();
        List<String> indexes = files.keySet().stream()
                .filter(name -> name.endsWith(INDEX_SUFFIX))
                .sorted()
                .toList();
        if (indexes.size() > 1) throw Refusals.content("two shard indexes, %s: keep one", indexes);
        if (!indexes.isEmpty()) return sharded(indexes.getFirst(), weights, files);
        if (weights.isEmpty())
            throw Refusals.files(
                    "weights not found: a folder needs 'model.safetensors', shards with an index, or one GGUF file");
        if (weights.size() > 1)
            throw Refusals.content(
                    "%d safetensors files without an index, %s: add the index or keep one", weights.size(), weights);
        return named(weights.getFirst(), files);
    }

    private static Map<String, Tensor> named(String file, Map<String, MemorySegment> files) {
        MemorySegment bytes = files.get(file);
        if (bytes == null) throw Refusals.content("shard '%s' of the index is missing: get the whole folder", file);
        try {
            return SafetensorsReader.read(bytes);
        } catch (ArtifactException e) {
            throw new ArtifactException(e.rule(), "file '" + file + "': " + e.getMessage());
        }
    }

    private static Map<String, Tensor> sharded(
            String indexName, List<String> weights, Map<String, MemorySegment> files) {
        Map<String, String> shardOf = index(indexName, files);
        var shards = new TreeSet<>(shardOf.values());
        var tensors = new LinkedHashMap<String, Tensor>();
        var foundIn = new HashMap<String, String>();
        for (String shard : shards) {
            for (Tensor tensor : named(shard, files).values()) {
                String other = foundIn.put(tensor.name(), shard);
                if (other != null)
                    throw Refusals.content(
                            "duplicate tensor '%s' in the shards '%s' and '%s'", tensor.name(), other, shard);
                tensors.put(tensor.name(), tensor);
            }
        }
        for (Map.Entry<String, String> entry : shardOf.entrySet())
            if (!entry.getValue().equals(foundIn.get(entry.getKey())))
                throw Refusals.content(
                        "missing tensor '%s', the index says it is in '%s'",
                        StrangerText.shown(entry.getKey()), entry.getValue());
        for (String file : weights)
            if (!shards.contains(file)) for (String tensor : named(file, files).keySet()) foundIn.put(tensor, file);
        for (Map.Entry<String, String> entry : foundIn.entrySet())
            if (!shardOf.containsKey(entry.getKey()))
                throw Refusals.content(
                        "extra tensor '%s' in '%s', the index does not name it", entry.getKey(), entry.getValue());
        for (String file : weights)
            if (!shards.contains(file))
                throw Refusals.content("extra file '%s' is in no entry of the index '%s': remove it", file, indexName);
        return tensors;
    }

    private static Map<String, String> index(String indexName, Map<String, MemorySegment> files) {
        byte[] text = FolderPolicy.small(indexName, Objects.requireNonNull(files.get(indexName)))
                .toArray(ValueLayout.JAVA_BYTE);
        JsonNode map = JsonText.object(text, INDEX_LIMITS, Refusals.CONTENT, "index '" + indexName + "'")
                .path("weight_map");
        if (!map.isObject()) throw Refusals.content("index '%s' has no weight_map object", indexName);
        var shardOf = new LinkedHashMap<String, String>();
        var shards = new TreeSet<String>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            if (!entry.getValue().isString())
                throw Refusals.content(
                        "index '%s': weight_map of '%s' is not a string",
                        indexName, StrangerText.shown(entry.getKey()));
            String shard = entry.getValue().stringValue();
            if (!shard.endsWith(SUFFIX) || !FolderPolicy.isPlainName(shard))
                throw Refusals.content(
                        "index '%s': '%s' is no shard file of this folder, a path is not allowed",
                        indexName, StrangerText.shown(shard));
            shardOf.put(entry.getKey(), shard);
            shards.add(shard);
            if (shards.size() > SHARDS_MAX)
                throw Refusals.content("index '%s' names more than %d shards", indexName, SHARDS_MAX);
        }
        return shardOf;
    }
}

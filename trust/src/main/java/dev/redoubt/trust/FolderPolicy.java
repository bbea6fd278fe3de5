package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Which files may lie in a model folder: weights in a data format and the texts that come with them. Code,
/// anything that can carry code, and any file whose purpose is unknown is refused by name.
final class FolderPolicy {
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}");
    private static final Pattern DEVICE_NAME = Pattern.compile("(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");
    private static final Set<String> EXTENSIONS =
            Set.of("safetensors", "gguf", "json", "jinja", "txt", "md", "model", "yaml", "yml", "sig");
    /// The one file that lies in a sub folder: how a sentence encoder makes one vector of a text's.
    static final String POOLING = "1_Pooling/config.json";

    private static final Set<String> BARE_NAMES =
            Set.of("license", "licence", "notice", "copying", "readme", "use_policy", "acceptable_use_policy");
    private static final Set<String> DOT_NAMES = Set.of(".gitattributes", ".gitignore");
    private static final Set<String> REMOTE_CODE_KEYS =
            Set.of("auto_map", "auto_mapping", "trust_remote_code", "custom_pipelines");
    private static final JsonLimits CONFIG_LIMITS = new JsonLimits(8 << 20, 32, 1_000_000, 4 << 20, 8_192, 128);
    private static final int SMALL_FILE_BYTES_MAX = 64 << 20;

    private FolderPolicy() {}

    /// @throws ArtifactException naming the first file that may not be there
    static void check(Map<String, MemorySegment> files) {
        var lowerCase = new HashMap<String, String>();
        for (Map.Entry<String, MemorySegment> file : files.entrySet()) {
            String name = file.getKey();
            String last = name.substring(name.lastIndexOf('/') + 1);
            Optional<ArtifactException> kind = FileKinds.refusal(name, file.getValue());
            if (kind.isPresent()) throw kind.get();
            if (name.contains("/") && !name.equals(POOLING))
                throw Refusals.files(
                        "unexpected file '%s' in a sub folder, a model is one flat folder and at most '%s': remove it",
                        StrangerText.shown(name), POOLING);
            checkName(last);
            String twin = lowerCase.put(name.toLowerCase(Locale.ROOT), name);
            if (twin != null)
                throw Refusals.files("file names '%s' and '%s' differ only in case: rename one", twin, name);
            checkContent(last, file.getValue());
        }
    }

    /// Whether `name` can be that of a file of a model, as a manifest lists it.
    static boolean isModelFile(String name) {
        return isPlainName(name) || name.equals(POOLING);
    }

    /// Whether `name` can be a file of a model folder on every system: ASCII, no separator, no device.
    static boolean isPlainName(String name) {
        return (PLAIN_NAME.matcher(name).matches() || DOT_NAMES.contains(name))
                && !name.endsWith(".")
                && !DEVICE_NAME.matcher(name).matches();
    }

    /// A file that is read whole.
    ///
    /// @throws ArtifactException if it is over the limit
    static MemorySegment small(String name, MemorySegment content) {
        if (content.byteSize() > SMALL_FILE_BYTES_MAX)
            throw Refusals.content(
                    "file '%s' has %d bytes, limit is %d", name, content.byteSize(), SMALL_FILE_BYTES_MAX);
        return content;
    }

    private static void checkName(String name) {
        if (!isPlainName(name))
            throw Refusals.files(
                    "unexpected file name '%s', allowed are letters, digits and . _ + - and no device: rename or remove it",
                    StrangerText.shown(name));
        String lower = name.toLowerCase(Locale.ROOT);
        String extension = name.substring(name.lastIndexOf('.') + 1); // in the case that the readers look for
        String stem = lower.contains(".") ? lower.substring(0, lower.lastIndexOf('.')) : lower;
        boolean licence = BARE_NAMES.contains(lower) || BARE_NAMES.contains(stem) || lower.startsWith("license");
        if (!EXTENSIONS.contains(extension) && !licence && !DOT_NAMES.contains(name))
            throw Refusals.format(
                    "unexpected file '%s', its format is not one of a model folder: remove it",
                    StrangerText.shown(name));
    }

    private static void checkContent(String name, MemorySegment content) {
        if (name.endsWith(".safetensors") || name.endsWith(".gguf")) return; // the strict readers decide
        small(name, content);
        if (name.endsWith(".model")) return; // a SentencePiece vocabulary: binary, never read by us
        for (long i = 0; i < content.byteSize(); i++)
            if (content.get(ValueLayout.JAVA_BYTE, i) == 0)
                throw Refusals.format(
                        "file '%s' is binary where text is expected, its format is unknown: remove it", name);
        if (name.endsWith(".json")) checkJson(name, content.toArray(ValueLayout.JAVA_BYTE));
    }

    private static void checkJson(String name, byte[] text) {
        // A vocabulary may hold any word; settings that load code stand in the configurations.
        if (name.endsWith("config.json"))
            checkConfig(name, JsonText.object(text, CONFIG_LIMITS, Refusals.CONTENT, "file '" + name + "'"));
        else JsonText.value(text, JsonLimits.MODEL_FILE, Refusals.CONTENT, "file '" + name + "'");
    }

    private static void checkConfig(String name, JsonNode node) {
        if (node.isObject())
            for (String key : REMOTE_CODE_KEYS)
                if (node.hasNonNull(key)) // writers of adapters put a null there
                throw Refusals.code("file '%s' has '%s', which loads code from a model: remove the setting", name, key);
        if (node.isNumber() && !Double.isFinite(node.doubleValue()))
            throw Refusals.content("file '%s' has a number that is not finite", name);
        for (JsonNode child : node) checkConfig(name, child);
    }
}

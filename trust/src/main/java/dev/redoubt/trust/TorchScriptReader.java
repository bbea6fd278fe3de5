package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.trust.PickleReader.Storage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Checks a TorchScript archive: what `torch.jit.save` writes, and nothing else.
final class TorchScriptReader {
    /* Known entries, under one folder whose name nobody needs:
     *   data.pkl, data/N                     the module's attributes and its tensors
     *   constants.pkl, constants/N           tensors that the source names
     *   code/….py                            the source: TorchScript, which is no Python
     *   code/….py.debug_pkl                  where it came from, for messages of libtorch
     *   traced_inputs.pkl, traced_inputs/N   left by the tracer; never loaded
     *   version, byteorder, .data/serialization_id, .format_version, .storage_alignment
     * Whatever libtorch would load in another way (bytecode, the older formats, extra files) is refused. */
    static final long FILE_BYTES_MAX = 2L << 30;

    private static final Pattern STORAGE = Pattern.compile("(data|constants|traced_inputs)/(0|[1-9][0-9]{0,8})");
    private static final Pattern SOURCE = Pattern.compile("code/__torch__(/[A-Za-z0-9_]+)*\\.py(\\.debug_pkl)?");
    private static final Set<String> SINGLE = Set.of(
            "data.pkl",
            "constants.pkl",
            "traced_inputs.pkl",
            "version",
            "byteorder",
            ".data/serialization_id",
            ".format_version",
            ".storage_alignment");
    private static final List<String> REQUIRED = List.of("data.pkl", "constants.pkl", "version", "code/__torch__.py");
    private static final int VERSION_MIN = 3; // of PyTorch 1.6
    private static final int VERSION_MAX = 10;
    private static final int NOTE_BYTES_MAX = 64;
    private static final int PICKLE_BYTES_MAX = 64 << 20;

    private final Map<String, MemorySegment> entries;

    private TorchScriptReader(Map<String, MemorySegment> entries) {
        this.entries = entries;
    }

    /// @throws ArtifactException if it is not as it must be
    static void check(MemorySegment file) {
        new TorchScriptReader(inside(ZipReader.read(file))).check();
    }

    /// The entries without the one folder that all are in.
    private static Map<String, MemorySegment> inside(Map<String, MemorySegment> archive) {
        Map<String, MemorySegment> entries = new TreeMap<>();
        Set<String> folders = new HashSet<>();
        archive.forEach((name, content) -> {
            int slash = name.indexOf('/');
            if (slash < 0) throw refused("has '%s' in no folder", name);
            folders.add(name.substring(0, slash));
            entries.put(name.substring(slash + 1), content);
        });
        if (folders.size() != 1) throw refused("has its entries in %d folders", folders.size());
        return entries;
    }

    private void check() {
        for (String name : entries.keySet())
            if (!SINGLE.contains(name)
                    && !STORAGE.matcher(name).matches()
                    && !SOURCE.matcher(name).matches())
                throw refused("has the entry '%s', which torch.jit.save does not write or is not read here", name);
        for (String name : REQUIRED) if (!entries.containsKey(name)) throw refused("has no entry '%s'", name);
        version();
        if (entries.containsKey("byteorder") && !note("byteorder").equals("little"))
            throw refused("is of another byte order than little");
        entries.forEach((name, content) -> {
            if (name.endsWith(".py")) source(name, content);
            if (name.endsWith(".debug_pkl")
                    && !pickle(name, content, none -> false).isEmpty()) throw refused("has tensors in '%s'", name);
        });
        tensors("data");
        tensors("constants");
        MemorySegment traced = entries.get("traced_inputs.pkl");
        if (traced != null) pickle("traced_inputs.pkl", traced, this::hasSource);
    }

    private void version() {
        String version = note("version").strip();
        boolean known = version.matches("[0-9]{1,3}")
                && Integer.parseInt(version) >= VERSION_MIN
                && Integer.parseInt(version) <= VERSION_MAX;
        if (!known)
            throw refused(
                    "is of version '%s', read are %d to %d: save it again with a current PyTorch",
                    StrangerText.shown(version), VERSION_MIN, VERSION_MAX);
    }

    private String note(String name) {
        MemorySegment content = Objects.requireNonNull(entries.get(name));
        if (content.byteSize() > NOTE_BYTES_MAX)
            throw refused("has %d bytes in '%s', limit is %d", content.byteSize(), name, NOTE_BYTES_MAX);
        return new String(content.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
    }

    /// What it does is for libtorch to compile and for the worker's limits to hold; that it is text
    /// is for here.
    private static void source(String name, MemorySegment content) {
        ByteBuffer text = content.asByteBuffer();
        while (text.hasRemaining()) {
            byte b = text.get();
            if (b >= 0 && b < 0x20 && b != '\n' && b != '\t' && b != '\r')
                throw refused("has a control character in the source '%s'", name);
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(content.asByteBuffer());
        } catch (CharacterCodingException e) {
            throw refused("has the source '%s', which is not UTF-8", name);
        }
    }

    private static Map<String, Storage> pickle(String name, MemorySegment content, Predicate<String> isClass) {
        if (content.byteSize() > PICKLE_BYTES_MAX)
            throw refused("has %d bytes in '%s', limit is %d", content.byteSize(), name, PICKLE_BYTES_MAX);
        return PickleReader.read(content, name, isClass);
    }

    /// A class stands in the source file of its module.
    private boolean hasSource(String className) {
        String module = className.substring(0, className.lastIndexOf('.'));
        return entries.containsKey("code/" + module.replace('.', '/') + ".py");
    }

    private void tensors(String folder) {
        String name = folder + ".pkl";
        Map<String, Storage> storages = pickle(name, Objects.requireNonNull(entries.get(name)), this::hasSource);
        storages.forEach((key, storage) -> {
            MemorySegment content = entries.get(folder + "/" + key);
            if (content == null) throw refused("has no entry '%s/%s', which '%s' names", folder, key, name);
            if (content.byteSize() != storage.count() * storage.type().blockBytes())
                throw refused(
                        "has %d bytes in '%s/%s', '%s' says %d elements of %s",
                        content.byteSize(), folder, key, name, storage.count(), storage.type());
            WeightScan.check(new Tensor(folder + "/" + key, storage.type(), List.of(storage.count()), content));
        });
        for (String entry : entries.keySet())
            if (entry.startsWith(folder + "/") && !storages.containsKey(entry.substring(folder.length() + 1)))
                throw refused("has the entry '%s', which nothing names", entry);
    }

    private static ArtifactException refused(String message, Object... args) {
        return Refusals.content("the TorchScript archive " + message, args);
    }
}

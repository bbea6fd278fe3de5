package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What a file is by its content, whatever its name says; and which names are code or containers of code in any
/// case.
final class FileKinds {
    /* Formats that run code when they are read (pickle in all its wrappings: torch zip, torch tar, joblib,
     * object arrays) or that are code are recognised by their first bytes. A safetensors file begins with a
     * length, which can be any of these magic numbers (8483 is "#!"), so a length and a brace are left to
     * the strict reader. A pickle of protocol 0 has no magic; it begins with an opcode and a module name on
     * its own line, and ends with a full stop. */
    private record Magic(int offset, byte[] bytes, String rule, String what) {
        Magic(int offset, String hex, String rule, String what) {
            this(offset, HexFormat.of().parseHex(hex), rule, what);
        }
    }

    private static final List<Magic> MAGICS = List.of(
            new Magic(0, "504b0304", Refusals.FORMAT, "a zip archive, as torch saves pickles"),
            new Magic(0, "504b0506", Refusals.FORMAT, "a zip archive"),
            new Magic(0, "504b0708", Refusals.FORMAT, "a zip archive"),
            new Magic(257, "7573746172", Refusals.FORMAT, "a tar archive"),
            new Magic(0, "894844460d0a1a0a", Refusals.FORMAT, "an HDF5 file"),
            new Magic(0, "934e554d5059", Refusals.FORMAT, "a NumPy array file, which may hold pickles"),
            new Magic(0, "1f8b08", Refusals.FORMAT, "a gzip archive"),
            new Magic(0, "425a6839", Refusals.FORMAT, "a bzip2 archive"),
            new Magic(0, "fd377a585a00", Refusals.FORMAT, "an xz archive"),
            new Magic(0, "28b52ffd", Refusals.FORMAT, "a zstd archive"),
            new Magic(0, "04224d18", Refusals.FORMAT, "an lz4 archive"),
            new Magic(0, "377abcaf271c", Refusals.FORMAT, "a 7z archive"),
            new Magic(0, "526172211a07", Refusals.FORMAT, "a rar archive"),
            new Magic(0, "7f454c46", Refusals.CODE, "a native library or program (ELF): code"),
            new Magic(0, "cafebabe", Refusals.CODE, "a Java class or Mach-O file: code"),
            new Magic(0, "feedface", Refusals.CODE, "a Mach-O file: code"),
            new Magic(0, "feedfacf", Refusals.CODE, "a Mach-O file: code"),
            new Magic(0, "cefaedfe", Refusals.CODE, "a Mach-O file: code"),
            new Magic(0, "cffaedfe", Refusals.CODE, "a Mach-O file: code"),
            new Magic(0, "0061736d01000000", Refusals.CODE, "a WebAssembly file: code"),
            new Magic(0, "4d5a90", Refusals.CODE, "a Windows program: code"),
            new Magic(0, "aced0005", Refusals.FORMAT, "a Java serialization stream"),
            new Magic(0, "2321", Refusals.CODE, "a script (it begins with #!): code"));

    private static final Set<String> CODE = Set.of(
            "py", "pyc", "pyd", "pyx", "pyi", "ipynb", "so", "dll", "dylib", "a", "o", "jar", "class", "war", "java",
            "kt", "groovy", "sh", "bash", "zsh", "fish", "bat", "cmd", "ps1", "exe", "com", "js", "mjs", "cjs", "ts",
            "rb", "pl", "php", "lua", "wasm", "c", "cc", "cpp", "h", "hpp", "cu", "cuh", "ptx", "cubin", "rs", "go",
            "r", "jl", "whl", "egg", "html", "htm", "svg");

    private static final Set<String> UNSAFE_FORMATS = Set.of(
            "bin",
            "pt",
            "pth",
            "ckpt",
            "pkl",
            "pickle",
            "joblib",
            "dill",
            "h5",
            "hdf5",
            "keras",
            "npy",
            "npz",
            "tar",
            "tgz",
            "gz",
            "zip",
            "xz",
            "bz2",
            "zst",
            "7z",
            "rar",
            "pb",
            "ot",
            "t7",
            "msgpack",
            "mar",
            "nemo",
            "ser",
            "params",
            "pdparams");

    private static final int HEAD = 512;
    private static final Pattern PICKLE_0 = Pattern.compile(
            "[(\\])}]{0,4}(c[A-Za-z_][\\w.]*\n\\w+\n[^A-Za-z\n]|[dlt]?p\\d+\n|i[A-Za-z_][\\w.]*\n\\w+\n)");

    private FileKinds() {}

    /// Why a file of this name and content is never loaded; empty if nothing speaks against it.
    static Optional<ArtifactException> refusal(String name, MemorySegment content) {
        String extension = extension(name);
        if (CODE.contains(extension))
            return Optional.of(Refusals.code(
                    "file '%s' is a script or other code (.%s), a model is data only: remove it",
                    StrangerText.shown(name), extension));
        byte[] head = content.asSlice(0, Math.min(HEAD, content.byteSize())).toArray(ValueLayout.JAVA_BYTE);
        if (isSafetensors(head)) return unsafeFormat(name, extension);
        for (Magic magic : MAGICS)
            if (startsWith(head, magic.offset(), magic.bytes()))
                return Optional.of(wrong(name, magic.rule(), magic.what()));
        byte last = content.byteSize() == 0 ? 0 : content.get(ValueLayout.JAVA_BYTE, content.byteSize() - 1);
        if (isPickle(head, last)) return Optional.of(wrong(name, Refusals.FORMAT, "a pickle"));
        if (startsWith(head, 2, new byte[] {0x0D, 0x0A}) && head.length > 16 && head[1] != '\n' && hasZero(head))
            return Optional.of(wrong(name, Refusals.CODE, "compiled Python: code"));
        return unsafeFormat(name, extension);
    }

    private static Optional<ArtifactException> unsafeFormat(String name, String extension) {
        if (!UNSAFE_FORMATS.contains(extension)) return Optional.empty();
        return Optional.of(wrong(name, Refusals.FORMAT, "in the format ." + extension + ", which may hold a pickle"));
    }

    private static boolean isSafetensors(byte[] head) {
        return head.length > 8 && head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] == 0 && head[8] == '{';
    }

    static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    private static ArtifactException wrong(String name, String rule, String what) {
        return new ArtifactException(
                rule,
                "file '%s' is %s: only the data formats safetensors, GGUF and ONNX are loaded: convert it or remove it"
                        .formatted(StrangerText.shown(name), what));
    }

    private static boolean isPickle(byte[] head, byte last) {
        if (head.length >= 2 && head[0] == (byte) 0x80 && head[1] >= 2 && head[1] <= 5) return true;
        String text = new String(head, StandardCharsets.ISO_8859_1);
        return last == '.' && PICKLE_0.matcher(text).lookingAt();
    }

    private static boolean hasZero(byte[] head) {
        for (byte b : head) if (b == 0) return true;
        return false;
    }

    private static boolean startsWith(byte[] head, int offset, byte[] expected) {
        if (head.length < offset + expected.length) return false;
        return Arrays.equals(head, offset, offset + expected.length, expected, 0, expected.length);
    }
}

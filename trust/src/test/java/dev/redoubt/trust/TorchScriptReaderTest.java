package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyTorch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchScriptReaderTest {
    private static final String BODY = "    return torch.relu(x)\n";

    private static void check(byte[] file) {
        TorchScriptReader.check(MemorySegment.ofArray(file));
    }

    private static void refused(byte[] file, String... words) {
        assertThatThrownBy(() -> check(file))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContainingAll(words);
    }

    private static byte[] changed(Consumer<SequencedMap<String, byte[]>> change) {
        SequencedMap<String, byte[]> entries = TinyTorch.module(BODY, 1, 2, 3);
        change.accept(entries);
        return TinyTorch.archive(entries);
    }

    private static byte[] data(byte[] pickle) {
        return changed(entries -> entries.put("data.pkl", pickle));
    }

    private static byte[] attribute(Consumer<TinyTorch> value) {
        TinyTorch pickle = new TinyTorch().object().text("w");
        value.accept(pickle);
        return data(pickle.attributes().end());
    }

    @Test
    void whatTorchSavesIsRead() throws IOException {
        assertThatCode(() -> check(TinyTorch.archive(TinyTorch.module(BODY)))).doesNotThrowAnyException();
        assertThatCode(() -> check(changed(entries -> {}))).doesNotThrowAnyException();
        for (String name : new String[] {"classifier.pt", "preprocess.pt"}) {
            byte[] file = Files.readAllBytes(Shared.testdata("digits/" + name));
            assertThatCode(() -> check(file)).as(name).doesNotThrowAnyException();
        }
    }

    @Test
    void V4_3_everyTruncationAndEveryByteBehindIsRefused() {
        byte[] file = changed(entries -> {});
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatThrownBy(() -> check(cut)).as("cut to %d", length).isInstanceOf(ArtifactException.class);
        }
        refused(Arrays.copyOf(file, file.length + 1), "end of its directory");
    }

    @Test
    void R1_6_aFunctionThatTorchScriptNeverCallsIsRefused() {
        refused(
                attribute(pickle -> pickle.global("os", "system").text("id").bytes(0x85, 'R')),
                "names 'os system'",
                "data.pkl");
        refused(attribute(pickle -> pickle.global("builtins", "eval").text("1").bytes(0x85, 'R')), "builtins eval");
        refused(
                attribute(pickle -> pickle.global("__torch__.other", "C").bytes(')', 0x81, '}', '(', 'u', 'b')),
                "other");
        refused(attribute(pickle -> pickle.global("torch", "UntypedStorage")), "UntypedStorage");
    }

    @Test
    void R1_6_aPickleIsMadeOfTorchScriptsOwnStepsOnly() {
        refused(attribute(pickle -> pickle.bytes('i', 'o', 's', '\n', 'x', '\n')), "step 0x69");
        refused(attribute(pickle -> pickle.bytes('N', '2', 'N')), "step 0x32");
        refused(attribute(pickle -> pickle.bytes('N', 'N', 'R')), "calls what is no function");
        refused(attribute(pickle -> pickle.number(0).bytes(')', 'R')), "calls what is no function");
        refused(attribute(pickle -> pickle.bytes('N', ')', 0x81, '}', '(', 'u', 'b')), "no class");
        refused(attribute(pickle -> pickle.bytes('N', 'r', 0xff, 0xff, 0xff, 0xff)), "memo 4294967295");
        refused(attribute(pickle -> pickle.bytes(']', 'q', 1)), "not complete");
        refused(attribute(pickle -> pickle.bytes(']')), "not complete");
        refused(attribute(pickle -> pickle.bytes('X', 0xff, 0xff, 0xff, 0x7f)), "text of");
        refused(
                attribute(pickle -> {
                    pickle.bytes('N');
                    for (int i = 0; i < 200; i++) pickle.bytes(0x85);
                }),
                "deep");
    }

    @Test
    void V4_3_aTensorLiesInsideItsStorage() {
        int[] three = {3};
        int[] one = {1};
        refused(attribute(p -> p.tensor("FloatStorage", "0", 3, 1, three, one)), "element 3", "which has 3");
        refused(attribute(p -> p.tensor("FloatStorage", "0", 3, 0, three, new int[] {2})), "element 4");
        refused(attribute(p -> p.tensor("FloatStorage", "0", 3, -1, three, one)), "other arguments");
        refused(attribute(p -> p.tensor("FloatStorage", "0", 3, 0, new int[] {-3}, one)), "other arguments");
        refused(attribute(p -> p.tensor("FloatStorage", "0", 4, 0, three, one)), "12 bytes", "4 elements");
        refused(attribute(p -> p.tensor("DoubleStorage", "0", 3, 0, three, one)), "12 bytes", "F64");
        refused(attribute(p -> p.tensor("FloatStorage", "7", 3, 0, three, one)), "no entry 'data/7'");
        refused(attribute(p -> p.tensor("FloatStorage", "../0", 3, 0, three, one)), "../0");
        refused(changed(entries -> entries.put("data/1", new byte[4])), "'data/1'", "nothing names");
        refused(TinyTorch.archive(TinyTorch.module(BODY, 1, Float.NaN)), "not finite");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"code/__torch__.pyc", "code/setup.py", "extra/model.py", "bytecode.pkl", "model.json", "data/01"
            })
    void R1_6_anEntryThatTorchDoesNotWriteIsRefused(String name) {
        refused(changed(entries -> entries.put(name, TinyTorch.ascii("x"))), name);
    }

    @Test
    void V4_3_whatMustBeThereIs() {
        for (String name : new String[] {"data.pkl", "constants.pkl", "version", "code/__torch__.py"})
            refused(changed(entries -> entries.remove(name)), name);
        refused(changed(entries -> entries.put("version", TinyTorch.ascii("11\n"))), "version '11'");
        refused(changed(entries -> entries.put("byteorder", TinyTorch.ascii("big"))), "byte order");
        refused(changed(entries -> entries.put("code/__torch__.py", new byte[] {'a', 0, 'b'})), "control character");
    }

    private static byte[] zip(String name, byte[] content, int times) throws IOException {
        var out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (int i = 0; i < times; i++) {
                zip.putNextEntry(new ZipEntry(times == 1 ? name : name + i));
                zip.write(content);
                zip.closeEntry();
            }
        }
        return out.toByteArray();
    }

    @Test
    void V4_3_aZipBombIsRefusedAtItsLimit() throws IOException {
        byte[] bomb = zip("m/code/", new byte[ZipReader.PACKED_BYTES_MAX / 8], 9);
        refused(bomb, "packed entries", "limit");
        refused(zip("m/", new byte[0], ZipReader.ENTRIES_MAX + 1), "entries");
        byte[] lying = zip("m/x", new byte[1 << 20], 1);
        refused(with(lying, new byte[] {0, 0, 0x10, 0}, new byte[] {1, 0, 0, 0}), "unpacks 'm/x'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"m/../../x", "/m/x", "m//x", "m/x/", "m\\x", "m/./x", "m/\u00e9", "m/a b"})
    void V4_3_aPathThatLeavesIsRefused(String name) throws IOException {
        refused(zip(name, new byte[1], 1), "no plain path");
    }

    @Test
    void V4_3_anEntryHasOneDescription() {
        byte[] file = changed(entries -> {});
        refused(with(file, TinyTorch.ascii("m/version"), TinyTorch.ascii("m/versioN")), "in two ways");
        byte[] before = new byte[file.length + 4];
        System.arraycopy(file, 0, before, 4, file.length);
        assertThatThrownBy(() -> check(before)).isInstanceOf(ArtifactException.class);
    }

    /// Every place but the first of these bytes, or the only one.
    private static byte[] with(byte[] file, byte[] old, byte[] replacement) {
        byte[] changed = file.clone();
        for (int i = file.length - old.length; i >= 0; i--)
            if (Arrays.equals(file, i, i + old.length, old, 0, old.length)) {
                System.arraycopy(replacement, 0, changed, i, replacement.length);
                if (old.length > 4) return changed;
            }
        return changed;
    }

    @Test
    void whatIsInNoFolderIsNoArchiveOfTorch() throws IOException {
        refused(zip("m", new byte[1], 2), "'m0' in no folder");
        refused(TinyTorch.archive(Map.of("a", new byte[1])), "'a'");
    }
}

package dev.redoubt.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// TorchScript archives as small as a test wants: a module of the class `M`, with or without a
/// tensor `w`.
public final class TinyTorch {
    /// Of the one folder in an archive.
    public static final String FOLDER = "m/";

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    private int memo;

    /// The entries of a module without attributes.
    ///
    /// @param forward the body of `forward(self, x: Tensor) -> Tensor`, indented by four
    public static SequencedMap<String, byte[]> module(String forward) {
        return module("", forward, new TinyTorch().object().attributes().end());
    }

    /// The entries of a module with a tensor `w` of float32.
    public static SequencedMap<String, byte[]> module(String forward, float... w) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * w.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float one : w) bytes.putFloat(one);
        byte[] data = new TinyTorch()
                .object()
                .text("w")
                .tensor("FloatStorage", "0", w.length, 0, new int[] {w.length}, new int[] {1})
                .attributes()
                .end();
        SequencedMap<String, byte[]> entries = module("  w : Tensor\n", forward, data);
        entries.put("data/0", bytes.array());
        return entries;
    }

    /// @param data what `data.pkl` holds
    public static SequencedMap<String, byte[]> module(String attributes, String forward, byte[] data) {
        SequencedMap<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("data.pkl", data);
        entries.put(
                "code/__torch__.py",
                ascii("class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n" + attributes
                        + "  training : bool\n  _is_full_backward_hook : Optional[bool]\n"
                        + "  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n" + forward));
        entries.put("constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        entries.put("version", ascii("3\n"));
        entries.put("byteorder", ascii("little"));
        return entries;
    }

    /// The archive; entries of source are packed.
    public static byte[] archive(Map<String, byte[]> entries) {
        var out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> each : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(FOLDER + each.getKey());
                if (!each.getKey().startsWith("code/")) {
                    var crc = new CRC32();
                    crc.update(each.getValue());
                    entry.setMethod(ZipEntry.STORED);
                    entry.setSize(each.getValue().length);
                    entry.setCrc(crc.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(each.getValue());
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    public static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// A pickle of protocol 2.
    public TinyTorch() {
        bytes(0x80, 2);
    }

    public TinyTorch bytes(int... steps) {
        for (int step : steps) pickle.write(step);
        return this;
    }

    public TinyTorch global(String module, String member) {
        bytes('c');
        pickle.writeBytes(ascii(module + "\n" + member + "\n"));
        return remember();
    }

    public TinyTorch remember() {
        return bytes('q', memo++);
    }

    public TinyTorch text(String text) {
        bytes('X', text.length(), 0, 0, 0);
        pickle.writeBytes(ascii(text));
        return this;
    }

    public TinyTorch number(int value) {
        bytes('J');
        pickle.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
        return this;
    }

    /// Begins an object of the class `M` and the table of its attributes.
    public TinyTorch object() {
        return global("__torch__", "M").bytes(')', 0x81, '}', '(');
    }

    /// What every module has, and the end of the table.
    public TinyTorch attributes() {
        return text("training").bytes(0x89).text("_is_full_backward_hook").bytes('N', 'u', 'b');
    }

    public TinyTorch tensor(String storage, String key, int count, int offset, int[] sizes, int[] strides) {
        global("torch._utils", "_rebuild_tensor_v2").bytes('(', '(').text("storage");
        global("torch", storage)
                .text(key)
                .text("cpu")
                .number(count)
                .bytes('t', 'Q')
                .number(offset);
        for (int[] numbers : new int[][] {sizes, strides}) {
            bytes('(');
            for (int number : numbers) number(number);
            bytes('t');
        }
        return bytes(0x89).global("collections", "OrderedDict").bytes(')', 'R', 't', 'R');
    }

    public byte[] end() {
        return bytes('.').pickle.toByteArray();
    }
}

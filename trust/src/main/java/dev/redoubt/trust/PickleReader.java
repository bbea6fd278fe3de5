package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Follows a pickle of TorchScript without making anything of it but sizes: a pickle is a program for a machine
/// with a stack, and only the steps that TorchScript itself writes are taken.
final class PickleReader {
    /* libtorch's own machine trusts the program: a number can stand where a function was meant, a place in its memo is
     * as large as the program says, a tensor may reach beyond its storage. So everything has a kind here, functions are
     * those of `PickleFunction` and classes of the archive's own source, the memo grows by one, lists and tables are
     * complete before anybody sees them (so that none holds itself), and a tensor must lie inside its storage. */
    private static final int STEPS_MAX = 4_000_000;
    private static final int DEPTH_MAX = 128;
    private static final int TEXT_BYTES_MAX = 1 << 20;
    private static final int RANK_MAX = 8;

    /// What lies on the machine's stack.
    sealed interface Value {
        /// Of values inside each other; 0 for a single one.
        default int depth() {
            return 0;
        }
    }

    record Whole(long value) implements Value {}

    record Text(String value) implements Value {}

    record Function(PickleFunction function) implements Value {}

    /// A class of the archive's own source.
    record ClassName(String name) implements Value {}

    record StorageType(TensorType type) implements Value {}

    /// Elements of one type in an entry of the archive.
    ///
    /// @param key the last part of the entry's name
    record Storage(String key, TensorType type, long count) implements Value {}

    record Tuple(List<Value> items, int depth) implements Value {}

    /// Complete; of no further interest.
    record Other(int depth) implements Value {}

    /// Must be completed by the step that belongs to it.
    private enum Open implements Value {
        MARK,
        LIST,
        TABLE,
        OBJECT
    }

    private static final Other LEAF = new Other(0);

    private final ByteCursor bytes;
    private final String name; // of the entry
    private final Predicate<String> isClass;
    private final Map<String, Storage> storages = new TreeMap<>();
    private final Deque<Value> stack = new ArrayDeque<>();
    private final List<Value> memo = new ArrayList<>();

    private PickleReader(MemorySegment pickle, String name, Predicate<String> isClass) {
        this.bytes = new ByteCursor(pickle, "pickle '" + name + "'", pickle.byteSize());
        this.name = name;
        this.isClass = isClass;
    }

    /// @param name of the entry, for refusals
    /// @param isClass whether the archive has the source of a class, by its whole name
    /// @return the storages of its tensors by key
    /// @throws ArtifactException if it is not as TorchScript writes it
    static Map<String, Storage> read(MemorySegment pickle, String name, Predicate<String> isClass) {
        return new PickleReader(pickle, name, isClass).run();
    }

    private Map<String, Storage> run() {
        if (bytes.u8("protocol") != 0x80 || bytes.u8("protocol") != 2) throw refused("is not of protocol 2");
        for (int steps = 0; ; steps++) {
            if (steps == STEPS_MAX) throw refused("has over %d steps, which is the limit", STEPS_MAX);
            int step = bytes.u8("step");
            if (step == '.') break;
            step(step);
        }
        complete();
        if (!stack.isEmpty() || bytes.remaining() != 0) throw refused("goes on behind its end");
        return storages;
    }

    private void step(int step) {
        switch (step) {
            case 'c' -> push(global(line(), line()));
            case 'q' -> remember(bytes.u8("memo"));
            case 'r' -> remember(bytes.u32("memo"));
            case 'h' -> push(remembered(bytes.u8("memo")));
            case 'j' -> push(remembered(bytes.u32("memo")));
            case '(' -> push(Open.MARK);
            case ']' -> push(Open.LIST);
            case '}' -> push(Open.TABLE);
            case ')' -> push(new Tuple(List.of(), 0));
            case 't' -> tuple(sinceMark());
            case 0x85 -> tuple(top(1));
            case 0x86 -> tuple(top(2));
            case 0x87 -> tuple(top(3));
            case 'e' -> {
                List<Value> items = sinceMark();
                close(Open.LIST, items);
            }
            case 'u' -> {
                List<Value> items = sinceMark();
                if (items.size() % 2 != 0) throw refused("has a table with a name and no value");
                close(Open.TABLE, items);
            }
            case 0x81 -> object();
            case 'b' -> close(Open.OBJECT, List.of(complete()));
            case 'R' -> reduce();
            case 'Q' -> push(storage(complete()));
            case 'X' -> push(text());
            case 'K' -> push(new Whole(bytes.u8("number")));
            case 'M' -> push(new Whole(Short.toUnsignedInt(bytes.i16("number"))));
            case 'J' -> push(new Whole(bytes.i32("number")));
            case 0x8a -> {
                if (bytes.u8("number") != Long.BYTES) throw refused("has a number of another length than 8 bytes");
                push(new Whole(bytes.i64("number")));
            }
            case 'G' -> {
                long ignored = bytes.i64("number");
                push(LEAF);
            }
            case 'N', 0x88, 0x89 -> push(LEAF);
            default ->
                throw refused(
                        "has the step 0x%02x before offset %d, which TorchScript never writes", step, bytes.position());
        }
    }

    private void push(Value value) {
        stack.push(value);
    }

    private Value pop() {
        Value value = stack.poll();
        if (value == null) throw refused("takes from an empty stack before offset %d", bytes.position());
        return value;
    }

    /// The topmost value, which must be complete.
    private Value complete() {
        Value value = pop();
        if (value instanceof Open) throw refused("uses what is not complete before offset %d", bytes.position());
        return value;
    }

    private List<Value> top(int count) {
        List<Value> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) values.addFirst(complete());
        return values;
    }

    private List<Value> sinceMark() {
        List<Value> values = new ArrayList<>();
        for (Value value = pop(); value != Open.MARK; value = pop()) {
            if (value instanceof Open) throw refused("uses what is not complete before offset %d", bytes.position());
            values.add(value);
        }
        return values.reversed();
    }

    private int around(List<Value> values) {
        int deepest = 0;
        for (Value value : values) deepest = Math.max(deepest, value.depth());
        if (deepest == DEPTH_MAX) throw refused("has values over %d deep in each other", DEPTH_MAX);
        return deepest + 1;
    }

    private void tuple(List<Value> items) {
        push(new Tuple(items, around(items)));
    }

    private void close(Open kind, List<Value> content) {
        if (pop() != kind) throw refused("completes what it has not begun before offset %d", bytes.position());
        push(new Other(around(content)));
    }

    private void object() {
        if (!(complete() instanceof Tuple arguments)
                || !arguments.items().isEmpty()
                || !(complete() instanceof ClassName))
            throw refused("makes an object of what is no class of its source, or with arguments");
        push(Open.OBJECT);
    }

    private void remember(long place) {
        if (place != memo.size()) throw refused("has the memo %d, the next is %d", place, memo.size());
        Value value = complete();
        memo.add(value);
        push(value);
    }

    private Value remembered(long place) {
        if (place >= memo.size()) throw refused("uses the memo %d, it has %d", place, memo.size());
        return memo.get((int) place);
    }

    private String line() {
        var line = new StringBuilder();
        for (int c = bytes.u8("name"); c != '\n'; c = bytes.u8("name")) {
            if (line.length() == ZipReader.NAME_BYTES_MAX)
                throw refused("has a name of over %d bytes", ZipReader.NAME_BYTES_MAX);
            line.append((char) c);
        }
        return line.toString();
    }

    private Text text() {
        long length = bytes.u32("text");
        if (length > TEXT_BYTES_MAX) throw refused("has a text of %d bytes, limit is %d", length, TEXT_BYTES_MAX);
        return new Text(new String(bytes.take(length, "text"), StandardCharsets.UTF_8));
    }

    private Value global(String module, String member) {
        PickleFunction function = PickleFunction.find(module, member);
        if (function != null) return new Function(function);
        TensorType type = module.equals("torch") ? storageType(member) : null;
        if (type != null) return new StorageType(type);
        String whole = module + "." + member;
        if (module.matches("__torch__(\\.[A-Za-z_][A-Za-z0-9_]*)*") && isClass.test(whole)) return new ClassName(whole);
        throw refused(
                "names '%s', allowed are TorchScript's own functions, tensors on processors and classes of its source",
                StrangerText.shown(module + " " + member));
    }

    private static @Nullable TensorType storageType(String member) {
        return switch (member) {
            case "FloatStorage" -> TensorType.F32;
            case "DoubleStorage" -> TensorType.F64;
            case "HalfStorage" -> TensorType.F16;
            case "BFloat16Storage" -> TensorType.BF16;
            case "LongStorage" -> TensorType.I64;
            case "IntStorage" -> TensorType.I32;
            case "ShortStorage" -> TensorType.I16;
            case "CharStorage" -> TensorType.I8;
            case "ByteStorage" -> TensorType.U8;
            case "BoolStorage" -> TensorType.BOOL;
            default -> null;
        };
    }

    private Storage storage(Value arguments) {
        if (!(arguments instanceof Tuple(List<Value> items, int depth))
                || items.size() != 5
                || !items.get(0).equals(new Text("storage"))
                || !(items.get(1) instanceof StorageType(TensorType type))
                || !(items.get(2) instanceof Text(String key))
                || !items.get(3).equals(new Text("cpu"))
                || !(items.get(4) instanceof Whole(long count)))
            throw refused("has a storage that is not one of numbers for processors");
        if (!key.matches("0|[1-9][0-9]{0,8}")) throw refused("has the storage '%s'", StrangerText.shown(key));
        if (count < 0 || count > Long.MAX_VALUE / Long.BYTES) throw refused("has a storage of %d elements", count);
        Storage found = new Storage(key, type, count);
        Storage before = storages.putIfAbsent(key, found);
        if (before != null && !before.equals(found)) throw refused("has the storage '%s' twice and differently", key);
        return found;
    }

    private void reduce() {
        Value arguments = complete();
        if (!(complete() instanceof Function called) || !(arguments instanceof Tuple tuple))
            throw refused("calls what is no function before offset %d", bytes.position());
        List<Value> items = tuple.items();
        boolean fits = switch (called.function()) {
            case ORDERED_DICT -> items.isEmpty();
            case TENSOR -> isTensor(items);
            case LIST -> items.size() == 1 && items.getFirst() instanceof Other;
            case TYPE_TAG -> items.size() == 2 && items.getLast() instanceof Text(String type) && isType(type);
            case DEVICE -> items.equals(List.of(new Text("cpu")));
        };
        if (!fits) throw refused("calls %s with other arguments than TorchScript does", called.function());
        push(new Other(tuple.depth()));
    }

    private static boolean isType(String type) {
        return type.matches("[A-Za-z0-9_.,\\[\\] ()]{1,4096}");
    }

    private boolean isTensor(List<Value> items) {
        if (items.size() != 6
                || !(items.get(0) instanceof Storage storage)
                || !(items.get(1) instanceof Whole(long offset))
                || !(items.get(2) instanceof Tuple sizes)
                || !(items.get(3) instanceof Tuple strides)) return false;
        int rank = sizes.items().size();
        if (rank > RANK_MAX) throw refused("has a tensor of %d dimensions, limit is %d", rank, RANK_MAX);
        if (strides.items().size() != rank || offset < 0) return false;
        try {
            long last = offset;
            boolean empty = false;
            for (int i = 0; i < rank; i++) {
                if (!(sizes.items().get(i) instanceof Whole(long size))
                        || !(strides.items().get(i) instanceof Whole(long stride))
                        || size < 0
                        || stride < 0) return false;
                empty |= size == 0;
                last = Math.addExact(last, Math.multiplyExact(Math.max(0, size - 1), stride));
            }
            if (!empty && last >= storage.count())
                throw refused(
                        "has a tensor up to element %d of the storage '%s', which has %d",
                        last, storage.key(), storage.count());
            return true;
        } catch (ArithmeticException tooLarge) {
            return false;
        }
    }

    private ArtifactException refused(String message, Object... args) {
        return Refusals.content("TorchScript pickle '%s' %s", StrangerText.shown(name), message.formatted(args));
    }
}

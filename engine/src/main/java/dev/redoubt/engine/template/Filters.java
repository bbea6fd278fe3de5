package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The filters: `x | name(arguments)`.
enum Filters {
    ABS("abs"),
    CAPITALIZE("capitalize"),
    DEFAULT("default", "d"),
    DICTSORT("dictsort"),
    ESCAPE("escape", "e"),
    FIRST("first"),
    FLOAT("float"),
    FORMAT("format"),
    INDENT("indent"),
    INT("int"),
    ITEMS("items"),
    JOIN("join"),
    LAST("last"),
    LENGTH("length", "count"),
    LIST("list"),
    LOWER("lower"),
    MAP("map"),
    MAX("max"),
    MIN("min"),
    REJECT("reject"),
    REJECTATTR("rejectattr"),
    REPLACE("replace"),
    REVERSE("reverse"),
    ROUND("round"),
    SAFE("safe"),
    SELECT("select"),
    SELECTATTR("selectattr"),
    SORT("sort"),
    STRING("string"),
    SUM("sum"),
    TITLE("title"),
    TOJSON("tojson"),
    TRIM("trim"),
    UNIQUE("unique"),
    UPPER("upper");

    private final List<String> names;

    Filters(String... names) {
        this.names = List.of(names);
    }

    static @Nullable Filters named(String name) {
        for (Filters filter : values()) if (filter.names.contains(name)) return filter;
        return null;
    }

    String shown() {
        return names.getFirst();
    }

    Value apply(Value value, Args args, Budget budget) {
        return switch (this) {
            case ABS -> {
                args.only(shown());
                if (value instanceof Value.Real number) yield new Value.Real(Math.abs(number.value()));
                long number = Values.integer(value, budget);
                if (number == Long.MIN_VALUE) throw budget.fail("a number over the range of 64 bits");
                yield new Value.Int(Math.abs(number));
            }
            case CAPITALIZE -> TextCase.capitalize(string(value, args, budget), budget);
            case DEFAULT -> {
                args.only(shown(), "default_value", "boolean");
                boolean missing =
                        value instanceof Value.Undefined || args.truth(1, "boolean", false) && !Values.truth(value);
                Value fallback = args.get(0, "default_value");
                yield missing ? fallback == null ? Text.EMPTY : fallback : value;
            }
            case DICTSORT ->
                SequenceFilters.dictsort(value, args.only(shown(), "case_sensitive", "by", "reverse"), budget);
            case ESCAPE -> escape(string(value, args, budget), budget);
            case FIRST -> {
                List<Value> items = Values.items(value, budget);
                yield items.isEmpty() ? new Value.Undefined("first") : items.getFirst();
            }
            case LAST -> {
                List<Value> items = Values.items(value, budget);
                yield items.isEmpty() ? new Value.Undefined("last") : items.getLast();
            }
            case FLOAT -> NumberFilters.toFloat(value, args.only(shown(), "default"), budget);
            case INT -> NumberFilters.toInt(value, args.only(shown(), "default"), budget);
            case ROUND -> NumberFilters.round(value, args.only(shown(), "precision", "method"), budget);
            case FORMAT -> format(Values.text(value, budget), args, budget);
            case INDENT -> indent(Values.text(value, budget), args.only(shown(), "width", "first", "blank"), budget);
            case ITEMS -> {
                args.only(shown());
                if (value instanceof Value.Undefined) yield Value.Sequence.list(List.of());
                if (!(value instanceof Value.Mapping mapping))
                    throw budget.fail("'items' expects a mapping, found " + Values.kind(value));
                yield Methods.items(mapping, budget);
            }
            case JOIN -> {
                args.only(shown(), "d", "attribute");
                Value separator = args.get(0, "d");
                Value attribute = args.get(1, "attribute");
                List<Text> parts = new ArrayList<>();
                for (Value item : Values.items(value, budget))
                    parts.add(Values.print(
                            attribute == null ? item : SequenceFilters.field(item, attribute, budget), budget));
                yield Methods.join(parts, separator == null ? Text.EMPTY : Values.print(separator, budget), budget);
            }
            case LENGTH -> new Value.Int(length(value, budget));
            case LIST -> Value.Sequence.list(Values.items(value, budget));
            case LOWER -> TextCase.lower(string(value, args, budget), budget);
            case UPPER -> TextCase.upper(string(value, args, budget), budget);
            case TITLE -> TextCase.title(string(value, args, budget), true, budget);
            case MAP -> SequenceFilters.map(value, args, budget);
            case MAX, MIN ->
                SequenceFilters.extreme(value, this == MAX, args.only(shown(), "case_sensitive", "attribute"), budget);
            case REJECT -> SequenceFilters.select(value, args, false, budget);
            case SELECT -> SequenceFilters.select(value, args, true, budget);
            case REJECTATTR -> SequenceFilters.selectByField(value, args, false, budget);
            case SELECTATTR -> SequenceFilters.selectByField(value, args, true, budget);
            case REPLACE -> {
                args.only(shown(), "old", "new", "count");
                Text text = Values.print(value, budget);
                yield TextCase.replace(
                        text, args.text(0, "old"), args.text(1, "new"), args.integer(2, "count", -1), budget);
            }
            case REVERSE -> {
                args.only(shown());
                List<Value> items = Values.items(value, budget);
                budget.list(items.size());
                if (!(value instanceof Text)) yield Value.Sequence.list(items.reversed());
                yield Operators.concat(
                        items.reversed().stream().map(Text.class::cast).toList(), budget);
            }
            case SAFE -> {
                args.only(shown());
                yield value;
            }
            case SORT ->
                SequenceFilters.sort(value, args.only(shown(), "reverse", "case_sensitive", "attribute"), budget);
            case STRING -> Values.print(value, budget);
            case SUM -> SequenceFilters.sum(value, args.only(shown(), "attribute", "start"), budget);
            case TOJSON -> json(value, args.only(shown(), "ensure_ascii", "indent", "separators", "sort_keys"), budget);
            case TRIM -> {
                args.only(shown(), "chars");
                Value chars = args.get(0, "chars");
                String unwanted = chars == null || chars == Value.None.NONE
                        ? ""
                        : Values.text(chars, budget).chars();
                yield Methods.stripped(Values.print(value, budget), unwanted, true, true, budget);
            }
            case UNIQUE -> SequenceFilters.unique(value, args.only(shown(), "case_sensitive", "attribute"), budget);
        };
    }

    private Text string(Value value, Args args, Budget budget) {
        args.only(shown());
        return Values.print(value, budget);
    }

    private static long length(Value value, Budget budget) {
        return switch (value) {
            case Text text -> {
                budget.scan(text.length());
                yield text.codePoints();
            }
            case Value.Sequence sequence -> sequence.items().size();
            case Value.Mapping mapping -> mapping.entries().size();
            case Value.Undefined undefined -> 0;
            default -> throw budget.fail(Values.kind(value) + " has no length");
        };
    }

    private static Text escape(Text text, Budget budget) {
        budget.text(5L * text.length());
        Text.Builder all = new Text.Builder();
        for (RenderedText.Piece piece : text.pieces()) {
            StringBuilder out = new StringBuilder();
            for (int i = 0; i < piece.text().length(); i++) {
                char c = piece.text().charAt(i);
                switch (c) {
                    case '&' -> out.append("&amp;");
                    case '<' -> out.append("&lt;");
                    case '>' -> out.append("&gt;");
                    case '"' -> out.append("&#34;");
                    case '\'' -> out.append("&#39;");
                    default -> out.append(c);
                }
            }
            all.append(out.toString(), piece.fromTemplate());
        }
        return all.build();
    }

    /// `%s`, `%d` and `%%` only.
    private static Text format(Text format, Args args, Budget budget) {
        Text.Builder all = new Text.Builder();
        int from = 0;
        int used = 0;
        for (int at = format.chars().indexOf('%'); at >= 0; at = format.chars().indexOf('%', from)) {
            budget.step();
            all.append(format.slice(from, at));
            char kind = at + 1 < format.length() ? format.chars().charAt(at + 1) : ' ';
            switch (kind) {
                case '%' -> all.append(format.slice(at, at + 1));
                case 's' -> all.append(Values.print(args.required(used++, "value"), budget));
                case 'd' -> all.append(Long.toString(Values.integer(args.required(used++, "value"), budget)), false);
                default -> throw budget.fail("unsupported format, the template may use %s, %d and %%");
            }
            budget.text(all.length());
            from = at + 2;
        }
        if (used < args.count()) throw budget.fail("too many arguments of 'format'");
        all.append(format.slice(from, format.length()));
        return all.build();
    }

    private static Text indent(Text text, Args args, Budget budget) {
        Value width = args.get(0, "width");
        boolean first = args.truth(1, "first", false);
        boolean blank = args.truth(2, "blank", false);
        Text prefix = width instanceof Text given
                ? given
                : (Text) Operators.arithmetic(
                        Expr.Operator.MULTIPLY, Text.template(" "), width == null ? new Value.Int(4) : width, budget);
        Text.Builder all = new Text.Builder();
        int from = 0;
        for (boolean firstLine = true; from <= text.length(); firstLine = false) {
            int newline = text.chars().indexOf('\n', from);
            int end = newline < 0 ? text.length() : newline + 1;
            boolean empty = end - from == (newline < 0 ? 0 : 1);
            budget.step();
            budget.text(end - from + (long) prefix.length());
            if (firstLine ? first : blank || !empty) all.append(prefix);
            all.append(text.slice(from, end));
            if (newline < 0) break;
            from = end;
        }
        return all.build();
    }

    private static Text json(Value value, Args args, Budget budget) {
        Value indent = args.get(1, "indent");
        long spaces = indent == null || indent == Value.None.NONE ? -1 : Values.integer(indent, budget);
        if (spaces > JsonOutput.Style.INDENT_MAX)
            throw budget.fail("an indentation of " + spaces + ", limit is " + JsonOutput.Style.INDENT_MAX);
        String item = spaces >= 0 ? "," : ", ";
        String key = ": ";
        if (args.get(2, "separators") instanceof Value.Sequence separators
                && separators.items().size() == 2) {
            item = Values.text(separators.items().getFirst(), budget).chars();
            key = Values.text(separators.items().getLast(), budget).chars();
            if (item.length() > 8 || key.length() > 8) throw budget.fail("separators over the limit of 8 characters");
        }
        JsonOutput.Style style = new JsonOutput.Style(
                (int) Math.max(-1, spaces),
                item,
                key,
                args.truth(0, "ensure_ascii", false),
                args.truth(3, "sort_keys", false));
        return JsonOutput.of(value, style, budget);
    }
}

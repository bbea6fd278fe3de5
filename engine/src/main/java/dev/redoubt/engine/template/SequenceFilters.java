package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The filters that look at the items of a list.
final class SequenceFilters {
    private SequenceFilters() {}

    /// `a.b.0` of an item.
    static Value field(Value item, Value path, Budget budget) {
        if (path instanceof Value.Int) return Operators.index(item, path, budget);
        Value at = item;
        String names = Values.text(path, budget).chars();
        int from = 0;
        while (from <= names.length()) {
            budget.step();
            int dot = names.indexOf('.', from);
            String name = names.substring(from, dot < 0 ? names.length() : dot);
            boolean number =
                    !name.isEmpty() && name.length() < 9 && name.chars().allMatch(c -> c >= '0' && c <= '9');
            at = Operators.index(at, number ? new Value.Int(Long.parseLong(name)) : Text.data(name), budget);
            if (dot < 0) break;
            from = dot + 1;
        }
        return at;
    }

    static Value map(Value value, Args args, Budget budget) {
        List<Value> mapped = new ArrayList<>();
        Value attribute = args.named().get("attribute");
        if (attribute != null) {
            Value fallback = args.named().get("default");
            for (Value item : Values.items(value, budget)) {
                budget.step();
                Value found = field(item, attribute, budget);
                mapped.add(found instanceof Value.Undefined && fallback != null ? fallback : found);
            }
            return Value.Sequence.list(mapped);
        }
        String name = args.text(0, "filter").chars();
        Filters filter = Filters.named(name);
        if (filter == null) throw budget.fail("unknown filter '" + Token.shortened(name) + "'");
        for (Value item : Values.items(value, budget)) {
            budget.step();
            mapped.add(filter.apply(item, args.after(1), budget));
        }
        return Value.Sequence.list(mapped);
    }

    static Value select(Value value, Args args, boolean wanted, Budget budget) {
        return chosen(value, null, args.positional(), wanted, budget);
    }

    static Value selectByField(Value value, Args args, boolean wanted, Budget budget) {
        Value attribute = args.required(0, "attribute");
        return chosen(
                value, attribute, args.positional().subList(1, args.positional().size()), wanted, budget);
    }

    /// @param test its name and arguments; none: truth
    private static Value chosen(
            Value value, @Nullable Value attribute, List<Value> test, boolean wanted, Budget budget) {
        Tests by = null;
        if (!test.isEmpty()) {
            String name = Values.text(test.getFirst(), budget).chars();
            by = Tests.named(name);
            if (by == null) throw budget.fail("unknown test '" + Token.shortened(name) + "'");
        }
        List<Value> chosen = new ArrayList<>();
        for (Value item : Values.items(value, budget)) {
            budget.step();
            Value looked = attribute == null ? item : field(item, attribute, budget);
            boolean holds = by == null ? Values.truth(looked) : by.holds(looked, test.subList(1, test.size()), budget);
            if (holds == wanted) chosen.add(item);
        }
        return Value.Sequence.list(chosen);
    }

    static Value sort(Value value, Args args, Budget budget) {
        List<Value> items = new ArrayList<>(Values.items(value, budget));
        budget.list(items.size());
        Value attribute = args.get(2, "attribute");
        Comparator<Value> order = order(attribute, args.truth(1, "case_sensitive", false), budget);
        items.sort(args.truth(0, "reverse", false) ? order.reversed() : order);
        return Value.Sequence.list(items);
    }

    private static Comparator<Value> order(@Nullable Value attribute, boolean caseSensitive, Budget budget) {
        return (a, b) -> Values.compare(
                key(a, attribute, caseSensitive, budget), key(b, attribute, caseSensitive, budget), budget);
    }

    private static Value key(Value item, @Nullable Value attribute, boolean caseSensitive, Budget budget) {
        Value key = attribute == null ? item : field(item, attribute, budget);
        return key instanceof Text text && !caseSensitive ? TextCase.lower(text, budget) : key;
    }

    static Value dictsort(Value value, Args args, Budget budget) {
        if (!(value instanceof Value.Mapping mapping))
            throw budget.fail("'dictsort' expects a mapping, found " + Values.kind(value));
        Value by = args.get(1, "by");
        boolean byValue = by instanceof Text text && text.chars().equals("value");
        List<Value> items = new ArrayList<>(Methods.items(mapping, budget).items());
        Comparator<Value> order = order(new Value.Int(byValue ? 1 : 0), args.truth(0, "case_sensitive", false), budget);
        items.sort(args.truth(2, "reverse", false) ? order.reversed() : order);
        return Value.Sequence.list(items);
    }

    static Value unique(Value value, Args args, Budget budget) {
        Value attribute = args.get(1, "attribute");
        boolean caseSensitive = args.truth(0, "case_sensitive", false);
        Set<Value> seen = new LinkedHashSet<>();
        List<Value> unique = new ArrayList<>();
        for (Value item : Values.items(value, budget)) {
            budget.step();
            Value key = key(item, attribute, caseSensitive, budget);
            if (!Operators.isKey(key))
                throw budget.fail("'unique' expects strings or numbers, found " + Values.kind(key));
            if (seen.add(key)) unique.add(item);
        }
        return Value.Sequence.list(unique);
    }

    static Value extreme(Value value, boolean greatest, Args args, Budget budget) {
        Comparator<Value> order = order(args.get(1, "attribute"), args.truth(0, "case_sensitive", false), budget);
        Value best = null;
        for (Value item : Values.items(value, budget)) {
            int sign = best == null ? 1 : order.compare(item, best);
            if (best == null || (greatest ? sign > 0 : sign < 0)) best = item;
        }
        return best == null ? new Value.Undefined(greatest ? "max" : "min") : best;
    }

    static Value sum(Value value, Args args, Budget budget) {
        Value attribute = args.get(0, "attribute");
        Value start = args.get(1, "start");
        Value sum = start == null ? new Value.Int(0) : start;
        for (Value item : Values.items(value, budget)) {
            budget.step();
            Value term = attribute == null ? item : field(item, attribute, budget);
            sum = Operators.arithmetic(Expr.Operator.ADD, sum, term, budget);
        }
        return sum;
    }
}

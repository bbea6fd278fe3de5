package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The methods of strings and mappings that a template may call. All of them read; none changes anything.
final class Methods {
    private Methods() {}

    /// @return null if the value has no such method
    static @Nullable Value call(Value target, String name, Args args, Budget budget) {
        return switch (target) {
            case Text text -> ofText(text, name, args, budget);
            case Value.Mapping mapping -> ofMapping(mapping, name, args, budget);
            case Value.Sequence sequence -> ofSequence(sequence, name, args, budget);
            default -> null;
        };
    }

    private static @Nullable Value ofText(Text text, String name, Args args, Budget budget) {
        return switch (name) {
            case "strip" -> strip(text, args, budget, true, true);
            case "lstrip" -> strip(text, args, budget, true, false);
            case "rstrip" -> strip(text, args, budget, false, true);
            case "startswith" -> {
                args.only("startswith", "prefix");
                yield Value.Bool.of(anyOf(
                        args.required(0, "prefix"), budget, p -> text.chars().startsWith(p)));
            }
            case "endswith" -> {
                args.only("endswith", "suffix");
                yield Value.Bool.of(anyOf(
                        args.required(0, "suffix"), budget, p -> text.chars().endsWith(p)));
            }
            case "split" -> split(text, args.only("split", "sep", "maxsplit"), budget, false);
            case "rsplit" -> split(text, args.only("rsplit", "sep", "maxsplit"), budget, true);
            case "splitlines" -> lines(text, args.only("splitlines"), budget);
            case "upper" -> noArguments(args, name, TextCase.upper(text, budget));
            case "lower" -> noArguments(args, name, TextCase.lower(text, budget));
            case "title" -> noArguments(args, name, TextCase.title(text, false, budget));
            case "capitalize" -> noArguments(args, name, TextCase.capitalize(text, budget));
            case "replace" -> {
                args.only("replace", "old", "new", "count");
                yield TextCase.replace(
                        text, args.text(0, "old"), args.text(1, "new"), args.integer(2, "count", -1), budget);
            }
            case "find" -> {
                args.only("find", "sub");
                int found = Operators.indexOf(text, args.text(0, "sub"), 0, budget);
                yield new Value.Int(found < 0 ? -1 : text.chars().codePointCount(0, found));
            }
            case "count" -> {
                args.only("count", "sub");
                Text part = args.text(0, "sub");
                if (part.isEmpty()) yield new Value.Int(text.codePoints() + 1L);
                long count = 0;
                for (int at = Operators.indexOf(text, part, 0, budget);
                        at >= 0;
                        at = Operators.indexOf(text, part, at + part.length(), budget)) {
                    budget.step();
                    count++;
                }
                yield new Value.Int(count);
            }
            case "join" -> {
                args.only("join", "iterable");
                List<Text> parts = new ArrayList<>();
                for (Value item : Values.items(args.required(0, "iterable"), budget))
                    parts.add(Values.text(item, budget));
                yield join(parts, text, budget);
            }
            case "isdigit" -> noArguments(args, name, all(text, budget, Character::isDigit));
            case "isalpha" -> noArguments(args, name, all(text, budget, Character::isLetter));
            case "isalnum" -> noArguments(args, name, all(text, budget, Character::isLetterOrDigit));
            case "isspace" -> noArguments(args, name, all(text, budget, Text::isSpace));
            case "isupper" -> noArguments(args, name, Value.Bool.of(Tests.UPPER.holds(text, List.of(), budget)));
            case "islower" -> noArguments(args, name, Value.Bool.of(Tests.LOWER.holds(text, List.of(), budget)));
            default -> null;
        };
    }

    private static Value noArguments(Args args, String name, Value result) {
        args.only(name);
        return result;
    }

    private static Value.Bool all(Text text, Budget budget, IntPredicate test) {
        budget.scan(text.length());
        return Value.Bool.of(!text.isEmpty() && text.chars().codePoints().allMatch(test));
    }

    private static boolean anyOf(Value affixes, Budget budget, Predicate<String> test) {
        if (affixes instanceof Text affix) return test.test(affix.chars());
        for (Value affix : Values.items(affixes, budget))
            if (test.test(Values.text(affix, budget).chars())) return true;
        return false;
    }

    private static Text strip(Text text, Args args, Budget budget, boolean leading, boolean trailing) {
        args.only("strip", "chars");
        Value given = args.get(0, "chars");
        String unwanted = given == null || given == Value.None.NONE
                ? ""
                : Values.text(given, budget).chars();
        if (given instanceof Text && unwanted.isEmpty()) return text;
        return stripped(text, unwanted, leading, trailing, budget);
    }

    /// @param unwanted characters to take away; none: whitespace
    static Text stripped(Text text, String unwanted, boolean leading, boolean trailing, Budget budget) {
        budget.scan(text.length() * (1L + unwanted.length()));
        Text result = leading ? text.stripLeading(unwanted) : text;
        return trailing ? result.stripTrailing(unwanted) : result;
    }

    static Text join(List<Text> parts, Text separator, Budget budget) {
        List<Text> all = new ArrayList<>(2 * parts.size());
        for (Text part : parts) {
            if (!all.isEmpty()) all.add(separator);
            all.add(part);
        }
        budget.steps(all.size());
        return Operators.concat(all, budget);
    }

    private static Value split(Text text, Args args, Budget budget, boolean fromRight) {
        Value given = args.get(0, "sep");
        long most = args.integer(1, "maxsplit", -1);
        if (most < 0) most = Long.MAX_VALUE;
        budget.text(text.length());
        if (given == null || given == Value.None.NONE) {
            if (fromRight && most != Long.MAX_VALUE)
                throw budget.fail("'rsplit' at whitespace with a limit is unsupported");
            return Value.Sequence.list(words(text, most, budget));
        }
        Text separator = Values.text(given, budget);
        if (separator.isEmpty()) throw budget.fail("an empty separator");
        List<Value> parts = new ArrayList<>();
        if (fromRight) {
            int end = text.length();
            while (most-- > 0) {
                budget.list(parts.size() / 64 + 1);
                int found = end < separator.length()
                        ? -1
                        : text.chars().lastIndexOf(separator.chars(), end - separator.length());
                budget.scan((end - Math.max(found, 0)) * (1L + separator.length() / 32));
                if (found < 0) break;
                parts.addFirst(text.slice(found + separator.length(), end));
                end = found;
            }
            parts.addFirst(text.slice(0, end));
            return Value.Sequence.list(parts);
        }
        int from = 0;
        while (most-- > 0) {
            budget.step();
            int found = Operators.indexOf(text, separator, from, budget);
            if (found < 0) break;
            parts.add(text.slice(from, found));
            from = found + separator.length();
        }
        parts.add(text.slice(from, text.length()));
        budget.list(parts.size());
        return Value.Sequence.list(parts);
    }

    private static List<Value> words(Text text, long most, Budget budget) {
        List<Value> words = new ArrayList<>();
        String chars = text.chars();
        int at = 0;
        while (true) {
            while (at < chars.length() && Text.isSpace(chars.charAt(at))) at++;
            if (at == chars.length()) break;
            int end = at;
            while (end < chars.length() && !Text.isSpace(chars.charAt(end))) end++;
            if (words.size() == most) {
                words.add(text.slice(at, chars.length()).stripTrailing(""));
                break;
            }
            words.add(text.slice(at, end));
            at = end;
        }
        budget.list(words.size());
        return words;
    }

    private static Value lines(Text text, Args args, Budget budget) {
        args.only("splitlines");
        budget.text(text.length());
        List<Value> lines = new ArrayList<>();
        int from = 0;
        int i = 0;
        while (i < text.length()) {
            char c = text.chars().charAt(i++);
            if (c != '\n' && c != '\r') continue;
            lines.add(text.slice(from, i - 1));
            if (c == '\r' && i < text.length() && text.chars().charAt(i) == '\n') i++;
            from = i;
        }
        if (from < text.length()) lines.add(text.slice(from, text.length()));
        budget.list(lines.size());
        return Value.Sequence.list(lines);
    }

    private static @Nullable Value ofMapping(Value.Mapping mapping, String name, Args args, Budget budget) {
        return switch (name) {
            case "get" -> {
                args.only("get", "key", "default");
                Value key = args.required(0, "key");
                Value found = Operators.isKey(key) ? mapping.entries().get(key) : null;
                Value fallback = args.get(1, "default");
                yield found != null ? found : fallback != null ? fallback : Value.None.NONE;
            }
            case "items" -> noArguments(args, name, items(mapping, budget));
            case "keys" -> noArguments(args, name, Value.Sequence.list(Values.items(mapping, budget)));
            case "values" -> {
                budget.list(mapping.entries().size());
                yield noArguments(
                        args,
                        name,
                        Value.Sequence.list(List.copyOf(mapping.entries().values())));
            }
            case "copy" -> noArguments(args, name, mapping);
            default -> null;
        };
    }

    /// Pairs of key and value.
    static Value.Sequence items(Value.Mapping mapping, Budget budget) {
        budget.list(mapping.entries().size());
        List<Value> items = new ArrayList<>(mapping.entries().size());
        for (Map.Entry<Value, Value> entry : mapping.entries().entrySet())
            items.add(new Value.Sequence(List.of(entry.getKey(), entry.getValue()), true));
        return Value.Sequence.list(items);
    }

    private static @Nullable Value ofSequence(Value.Sequence sequence, String name, Args args, Budget budget) {
        return switch (name) {
            case "index" -> {
                args.only("index", "value");
                Value wanted = args.required(0, "value");
                for (int i = 0; i < sequence.items().size(); i++)
                    if (Values.equal(sequence.items().get(i), wanted, budget)) yield new Value.Int(i);
                throw budget.fail("the value is not in the list");
            }
            case "count" -> {
                args.only("count", "value");
                long count = 0;
                Value wanted = args.required(0, "value");
                for (Value item : sequence.items()) if (Values.equal(item, wanted, budget)) count++;
                yield new Value.Int(count);
            }
            default -> null;
        };
    }
}

package dev.redoubt.base.config;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.ConfigValue.Items;
import dev.redoubt.base.config.ConfigValue.Scalar;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// What the value of a setting must be. Nothing is coerced: a text in quotes is no number.
///
/// @param <T> what it becomes
public abstract sealed class SettingType<T> permits SettingType.Of, SettingType.ListOf, PlainData, Section {
    private static final Map<String, Long> SIZE_UNITS = Map.of(
            "",
            1L,
            "B",
            1L,
            "KB",
            1_000L,
            "MB",
            1_000_000L,
            "GB",
            1_000_000_000L,
            "KIB",
            1L << 10,
            "MIB",
            1L << 20,
            "GIB",
            1L << 30);
    private static final Map<String, Duration> TIME_UNITS = Map.of(
            "ms",
            Duration.ofMillis(1),
            "s",
            Duration.ofSeconds(1),
            "m",
            Duration.ofMinutes(1),
            "h",
            Duration.ofHours(1),
            "d",
            Duration.ofDays(1));
    private static final Pattern QUANTITY = Pattern.compile("([0-9]{1,15})\\s?([A-Za-z]{0,3})");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    /// What is allowed, for people: `1 to 65535`.
    public abstract String allowed();

    /// The settings that a value holds, or each value of a list; empty where it holds none.
    public Optional<Section> section() {
        return switch (this) {
            case Section section -> Optional.of(section);
            case ListOf<?> list -> list.item.section();
            case Of<?> scalar -> Optional.empty();
            case PlainData data -> Optional.empty();
        };
    }

    /// @return empty if it is anything else, which is then among the problems
    abstract Optional<T> read(String path, ConfigValue value, ConfigProblems problems);

    /// Both bounds are inclusive.
    public static SettingType<Integer> integer(int low, int high) {
        return plain(low + " to " + high, text -> {
            int value = Integer.parseInt(text);
            return value >= low && value <= high ? Optional.of(value) : Optional.empty();
        });
    }

    /// Both bounds are inclusive.
    public static SettingType<Double> decimal(double low, double high) {
        return plain(low + " to " + high, text -> {
            double value = new BigDecimal(text).doubleValue();
            return value >= low && value <= high ? Optional.of(value) : Optional.empty();
        });
    }

    /// Bytes: `4096`, `10MB` (10^7), `2GiB` (2^31). Both bounds are inclusive.
    public static SettingType<Long> size(long low, long high) {
        return plain(low + " to " + high + " bytes, such as 10MB or 2GiB", text -> {
            Matcher quantity = QUANTITY.matcher(text);
            if (!quantity.matches()) return Optional.empty();
            Long unit = SIZE_UNITS.get(quantity.group(2).toUpperCase(Locale.ROOT));
            if (unit == null) return Optional.empty();
            long bytes = Math.multiplyExact(Long.parseLong(quantity.group(1)), unit);
            return bytes >= low && bytes <= high ? Optional.of(bytes) : Optional.empty();
        });
    }

    /// `500ms`, `30s`, `5m`, `12h`, `90d`; the unit must be there. Both bounds are inclusive.
    public static SettingType<Duration> duration(Duration low, Duration high) {
        return plain(shown(low) + " to " + shown(high) + ", such as 500ms, 30s or 5m", text -> {
            Matcher quantity = QUANTITY.matcher(text);
            Duration unit = quantity.matches() ? TIME_UNITS.get(quantity.group(2)) : null;
            if (unit == null) return Optional.empty();
            Duration value = unit.multipliedBy(Long.parseLong(quantity.group(1)));
            return value.compareTo(low) >= 0 && value.compareTo(high) <= 0 ? Optional.of(value) : Optional.empty();
        });
    }

    public static SettingType<Boolean> flag() {
        return plain(
                "true or false",
                text -> text.equals("true")
                        ? Optional.of(true)
                        : text.equals("false") ? Optional.of(false) : Optional.empty());
    }

    /// `2027-01-31`.
    public static SettingType<LocalDate> date() {
        return plain("a date such as 2027-01-31", text -> Optional.of(LocalDate.parse(text)));
    }

    public static SettingType<String> oneOf(List<String> values) {
        return quotable(
                String.join(", ", values), text -> values.contains(text) ? Optional.of(text) : Optional.empty());
    }

    /// @param shape what the pattern says, for people
    public static SettingType<String> text(String shape, Pattern pattern) {
        return quotable(shape, text -> pattern.matcher(text).matches() ? Optional.of(text) : Optional.empty());
    }

    /// @param shape what the condition says, for people
    public static SettingType<String> text(String shape, Predicate<String> condition) {
        return quotable(shape, text -> condition.test(text) ? Optional.of(text) : Optional.empty());
    }

    /// A path; one that is relative begins at the folder of the file.
    public static SettingType<Path> path() {
        return quotable("a path", text -> text.isBlank() ? Optional.empty() : Optional.of(Path.of(text)));
    }

    /// `file:PATH` or `env:NAME`. A value that is anything else is never repeated in the problem.
    public static SettingType<Secret> secret() {
        return new Of<>("file:PATH or env:NAME", false, true, text -> {
            if (text.startsWith("file:") && text.length() > 5)
                return Optional.of(new Secret.InFile(Path.of(text.substring(5))));
            boolean variable = text.startsWith("env:")
                    && VARIABLE.matcher(text.substring(4)).matches();
            return variable ? Optional.of(new Secret.InEnvironment(text.substring(4))) : Optional.empty();
        });
    }

    public static <T> SettingType<List<T>> list(SettingType<T> item, int itemsMax) {
        return new ListOf<>(item, itemsMax);
    }

    /// Whatever the file says there, as JSON: for what others check.
    public static SettingType<JsonNode> plainData() {
        return new PlainData();
    }

    /// A duration as the file would say it.
    public static String shown(Duration duration) {
        if (duration.toMillis() % 1000 != 0) return duration.toMillis() + "ms";
        long seconds = duration.toSeconds();
        if (seconds % 86_400 == 0 && seconds > 0) return seconds / 86_400 + "d";
        if (seconds % 3600 == 0 && seconds > 0) return seconds / 3600 + "h";
        return seconds % 60 == 0 && seconds > 0 ? seconds / 60 + "m" : seconds + "s";
    }

    private static <T> SettingType<T> plain(String allowed, Function<String, Optional<T>> parse) {
        return new Of<>(allowed, true, false, parse);
    }

    private static <T> SettingType<T> quotable(String allowed, Function<String, Optional<T>> parse) {
        return new Of<>(allowed, false, false, parse);
    }

    /// A scalar.
    static final class Of<T> extends SettingType<T> {
        private static final int SHOWN_MAX = 64;

        private final String allowed;
        private final boolean plain; // quotes make it a text, which it may not be
        private final boolean secret; // its value is never shown
        private final Function<String, Optional<T>> parse;

        private Of(String allowed, boolean plain, boolean secret, Function<String, Optional<T>> parse) {
            this.allowed = allowed;
            this.plain = plain;
            this.secret = secret;
            this.parse = parse;
        }

        @Override
        public String allowed() {
            return allowed;
        }

        @Override
        Optional<T> read(String path, ConfigValue value, ConfigProblems problems) {
            if (!(value instanceof Scalar scalar)) {
                problems.add(value.line(), "'" + path + "' must be one value, allowed is " + allowed);
                return Optional.empty();
            }
            Optional<T> read = plain && !scalar.plain() ? Optional.empty() : parsed(scalar.text());
            if (read.isEmpty()) problems.add(problem(path, scalar));
            return read;
        }

        private Optional<T> parsed(String text) {
            try {
                return parse.apply(text);
            } catch (NumberFormatException | ArithmeticException | DateTimeException | InvalidPathException e) {
                return Optional.empty();
            }
        }

        private ConfigProblem problem(String path, Scalar scalar) {
            if (secret)
                return new ConfigProblem(
                        scalar.line(),
                        "'" + path + "' must be a reference, " + allowed
                                + ": a secret itself may not stand in the file",
                        Optional.of(Requirement.V4_4));
            String text = scalar.text().strip().replaceAll("[\\p{Cntrl}]+", " ");
            String shown = text.length() > SHOWN_MAX ? text.substring(0, SHOWN_MAX) + "…" : text;
            String found = scalar.text().isEmpty() && scalar.plain() ? "has no value" : "is " + quoted(scalar, shown);
            return new ConfigProblem(
                    scalar.line(), "'" + path + "' " + found + ", allowed is " + allowed, Optional.empty());
        }

        private static String quoted(Scalar scalar, String shown) {
            return scalar.plain() ? shown : "the text \"" + shown + "\"";
        }
    }

    static final class ListOf<T> extends SettingType<List<T>> {
        private final SettingType<T> item;
        private final int itemsMax;

        private ListOf(SettingType<T> item, int itemsMax) {
            this.item = item;
            this.itemsMax = itemsMax;
        }

        @Override
        public String allowed() {
            return "a list of " + item.allowed();
        }

        @Override
        Optional<List<T>> read(String path, ConfigValue value, ConfigProblems problems) {
            if (!(value instanceof Items list)) {
                problems.add(value.line(), "'" + path + "' must be a list, each item on a line of its own after '- '");
                return Optional.empty();
            }
            if (list.items().size() > itemsMax)
                problems.add(
                        value.line(), "'" + path + "' has " + list.items().size() + " items, limit is " + itemsMax);
            List<T> read = new ArrayList<>();
            for (int i = 0; i < list.items().size(); i++)
                item.read(path + "[" + i + "]", list.items().get(i), problems).ifPresent(read::add);
            return Optional.of(List.copyOf(read));
        }
    }
}

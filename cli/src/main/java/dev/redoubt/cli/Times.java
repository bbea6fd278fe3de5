package dev.redoubt.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Lengths and points of time, as they are given on the command line.
final class Times {
    private static final Pattern LENGTH = Pattern.compile("(\\d{1,6})([smhd])|0");
    private static final Pattern DATE = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");

    private Times() {}

    /// A number and a unit, such as `30s`, `90m`, `24h` or `7d`; `0` needs none.
    ///
    /// @param option for the message
    static Duration length(String option, String text) {
        Matcher matcher = LENGTH.matcher(text);
        if (!matcher.matches())
            throw new CommandFailure(
                    ExitCode.USAGE,
                    option + " is '" + text + "', allowed are 0 and times such as 90m, 24h and 7d: give one");
        if (text.equals("0")) return Duration.ZERO;
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
    }

    /// A length from now, or a date: then it is midnight in UTC. In the future.
    static Instant end(String option, String text, Instant now) {
        Instant end = DATE.matcher(text).matches() ? midnight(option, text) : now.plus(length(option, text));
        if (!end.isAfter(now))
            throw new CommandFailure(ExitCode.USAGE, option + " is '" + text + "', which is over: give a later time");
        return end;
    }

    /// A point of time, or a date: then it is midnight in UTC.
    static Instant at(String option, String text) {
        if (DATE.matcher(text).matches()) return midnight(option, text);
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    option + " is '" + text
                            + "', allowed are dates such as 2027-01-31 and times such as 2027-01-31T12:00:00Z: give one");
        }
    }

    private static Instant midnight(String option, String date) {
        try {
            return LocalDate.parse(date).atStartOfDay(ZoneOffset.UTC).toInstant();
        } catch (DateTimeException e) {
            throw new CommandFailure(ExitCode.USAGE, option + " is '" + date + "', which is no date: give YYYY-MM-DD");
        }
    }
}

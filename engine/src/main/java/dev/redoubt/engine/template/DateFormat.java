package dev.redoubt.engine.template;

import java.time.LocalDate;
import java.time.format.TextStyle;
import java.util.Locale;

/// `strftime` of a day at midnight: dates only, so that a prompt does not change within a day.
final class DateFormat {
    private DateFormat() {}

    static String format(LocalDate day, Text format, Budget budget) {
        StringBuilder out = new StringBuilder();
        String chars = format.chars();
        budget.text(10L * chars.length());
        int i = 0;
        while (i < chars.length()) {
            char c = chars.charAt(i++);
            if (c == '%' && i < chars.length()) out.append(field(day, chars.charAt(i++), budget));
            else out.append(c);
        }
        return out.toString();
    }

    private static String field(LocalDate day, char field, Budget budget) {
        return switch (field) {
            case 'd' -> two(day.getDayOfMonth());
            case 'm' -> two(day.getMonthValue());
            case 'Y' -> Integer.toString(day.getYear());
            case 'y' -> two(day.getYear() % 100);
            case 'B' -> day.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' -> day.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> day.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' -> day.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'j' -> "%03d".formatted(day.getDayOfYear());
            case 'F' -> day.toString();
            case 'H', 'M', 'S' -> "00";
            case 'I' -> "12";
            case 'p' -> "AM";
            case '%' -> "%";
            default -> throw budget.fail("unsupported date format '%" + field + "'");
        };
    }

    private static String two(int number) {
        return number < 10 ? "0" + number : Integer.toString(number);
    }
}

package dev.redoubt.gateway;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/// What a caller would have a reply written in, by its `Accept` (RFC 9110, 12.5.1). Nobody is refused for it.
final class Accept {
    private static final String ANYTHING = "*/*";
    private static final Pattern WEIGHT = Pattern.compile("[qQ]=(?:(0(?:\\.[0-9]{0,3})?)|1(?:\\.0{0,3})?)");

    private Accept() {}

    /// @param known what a type in lower case, such as `text/event-stream` or `text/*`, means; empty: nothing here
    /// @param usual where anything will do, or nothing that is known is named
    /// @return what is weighted highest, of equals the first
    static <T> T choice(MultiMap headers, Function<String, Optional<T>> known, T usual) {
        List<String> all = headers.getAll(HttpHeaders.ACCEPT);
        if (all.size() == 1 && all.getFirst().equals(ANYTHING)) return usual; // as most clients say
        T best = usual;
        double bestWeight = 0;
        for (String header : all) {
            for (String range : header.split(",", -1)) {
                String[] parts = range.split(";", -1);
                String type = parts[0].strip().toLowerCase(Locale.ROOT);
                double weight = weight(parts);
                if (weight <= bestWeight) continue;
                Optional<T> meant = type.equals(ANYTHING) ? Optional.of(usual) : known.apply(type);
                if (meant.isEmpty()) continue;
                best = meant.get();
                bestWeight = weight;
            }
        }
        return best;
    }

    private static double weight(String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            var weight = WEIGHT.matcher(parts[i].strip());
            if (weight.matches()) return weight.group(1) == null ? 1 : Double.parseDouble(weight.group(1));
        }
        return 1;
    }
}

package dev.redoubt.cli;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// JSON that commands print: one line, fields in the order given.
final class Json {
    private Json() {}

    /// @param namesAndValues a name, its value, the next name, …
    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> result = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            result.put((String) namesAndValues[i], namesAndValues[i + 1]);
        return result;
    }

    static String text(Object value) {
        return JsonMapper.shared().writeValueAsString(value);
    }

    static void print(PrintStream out, Object value) {
        out.println(text(value));
    }
}

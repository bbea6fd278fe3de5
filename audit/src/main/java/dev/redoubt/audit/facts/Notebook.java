package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import dev.redoubt.audit.source.SourceText.Cell;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/// The code of a notebook as one program. Lines count over the code cells, as if they were one file;
/// a finding stands in the line of the notebook's own text.
final class Notebook {
    private Notebook() {}

    /// @return empty if it is no notebook
    static Optional<SourceText> code(SourceText file, JsonLimits limits) {
        try {
            JsonNode cells = new StrictJson(limits)
                    .parse(file.text().getBytes(StandardCharsets.UTF_8))
                    .path("cells");
            if (!cells.isArray()) return Optional.empty();
            StringBuilder code = new StringBuilder();
            List<Cell> placed = new ArrayList<>();
            Deque<Integer> lines = sourceLines(file.text());
            List<Integer> stand = new ArrayList<>();
            int line = 1;
            for (int i = 0; i < cells.size(); i++) {
                int[] standing = lines(cells.get(i).path("source"), lines);
                if (!cells.get(i).path("cell_type").asString("").equals("code")) continue;
                int within = 0;
                placed.add(new Cell(i + 1, line));
                for (String text : source(cells.get(i)).split("\n", -1)) { // what is for the notebook is no Python
                    code.append(text.startsWith("%") || text.startsWith("!") ? "#" : "")
                            .append(text)
                            .append('\n');
                    stand.add(standing.length == 0 ? 1 : standing[Math.min(within++, standing.length - 1)]);
                    line++;
                }
            }
            return code.length() > FileText.BYTES_MAX
                    ? Optional.empty()
                    : Optional.of(new SourceText(
                            file.path(),
                            code.toString(),
                            placed,
                            stand.stream().mapToInt(Integer::intValue).toArray()));
        } catch (JsonRefusal e) {
            return Optional.empty();
        }
    }

    /// In which lines of the file the texts under `source` begin, in their order.
    private static Deque<Integer> sourceLines(String file) {
        Deque<Integer> all = new ArrayDeque<>();
        try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), file)) {
            boolean source = false;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.PROPERTY_NAME)
                    source = parser.currentName().equals("source");
                else if (token == JsonToken.VALUE_STRING && source)
                    all.add(parser.currentTokenLocation().getLineNr());
                else if (token == JsonToken.END_ARRAY) source = false;
            }
        }
        return all;
    }

    /// One for each text of a cell, or none where they are not as many as they should be.
    private static int[] lines(JsonNode source, Deque<Integer> left) {
        int count = source.isString() ? 1 : source.size();
        int[] all = new int[count];
        for (int i = 0; i < count; i++) all[i] = Objects.requireNonNullElse(left.poll(), 1);
        return all;
    }

    /// A text, or a list of lines that have their ends.
    private static String source(JsonNode cell) {
        JsonNode source = cell.path("source");
        if (source.isString()) return source.asString();
        StringBuilder text = new StringBuilder();
        for (JsonNode line : source) text.append(line.asString(""));
        return text.toString();
    }
}

package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import dev.redoubt.audit.source.SourceText.Cell;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// The code of a notebook as one program. Lines count over the code cells, as if they were one file.
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
            int line = 1;
            for (int i = 0; i < cells.size(); i++) {
                if (!cells.get(i).path("cell_type").asString("").equals("code")) continue;
                placed.add(new Cell(i + 1, line));
                for (String text : source(cells.get(i)).split("\n", -1)) { // what is for the notebook is no Python
                    code.append(text.startsWith("%") || text.startsWith("!") ? "#" : "")
                            .append(text)
                            .append('\n');
                    line++;
                }
            }
            return code.length() > FileText.BYTES_MAX
                    ? Optional.empty()
                    : Optional.of(new SourceText(file.path(), code.toString(), placed));
        } catch (JsonRefusal e) {
            return Optional.empty();
        }
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

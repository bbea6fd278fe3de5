package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.SourceText;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
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
            StringBuilder code = new StringBuilder();
            for (JsonNode cell : cells) {
                if (!cell.path("cell_type").asString("").equals("code")) continue;
                JsonNode source = cell.path("source");
                StringBuilder text = new StringBuilder();
                if (source.isString()) text.append(source.asString());
                else for (JsonNode line : source) text.append(line.asString(""));
                for (String line : text.toString().split("\n", -1)) // what is for the notebook is no Python
                code.append(line.startsWith("%") || line.startsWith("!") ? "#" : "")
                            .append(line)
                            .append('\n');
            }
            return cells.isArray() ? Optional.of(new SourceText(file.path(), code.toString())) : Optional.empty();
        } catch (JsonRefusal e) {
            return Optional.empty();
        }
    }
}

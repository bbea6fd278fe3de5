package dev.redoubt.audit;

import dev.redoubt.audit.source.FileText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Projects that measure servers, and serve nobody: by the title of what they say of themselves, or by their name where
/// they say nothing. Titles of others speak of measuring too; so it must be the last word of it.
final class Study {
    private static final List<String> READMES = List.of("README.md", "readme.md", "Readme.md", "README.MD");
    private static final Pattern TITLE = Pattern.compile("(?m)^#[ \\t]{1,10}(\\S[^\\n]{0,200})");
    private static final Pattern DESCRIPTION = Pattern.compile("(?m)^description ?= ?\"([^\"\\n]{1,200})\"");
    private static final Pattern MEASURES = Pattern.compile(
            "(?i).*\\b(bench(marks?)?|comparisons?|load[ _-]?tests?|shoot[ _-]?out)[^\\w]{0,10}(: .*|[-–—|] .*)?");
    private static final String WHY = "the project measures servers, and serves nobody";

    private final Set<Path> folders;

    /// @param named what is audited
    Study(List<Path> named) {
        folders = named.stream()
                .filter(Files::isDirectory)
                .map(folder -> folder.toAbsolutePath().normalize())
                .filter(Study::measures)
                .collect(Collectors.toUnmodifiableSet());
    }

    private static boolean measures(Path folder) {
        Path name = folder.getFileName();
        List<String> said = new ArrayList<>();
        title(folder).ifPresent(said::add);
        first(DESCRIPTION, folder.resolve("pyproject.toml")).ifPresent(said::add);
        if (said.isEmpty() && name != null) said.add(name.toString().replace('_', ' '));
        return said.stream().anyMatch(one -> MEASURES.matcher(one).matches());
    }

    private static Optional<String> title(Path folder) {
        for (String readme : READMES) {
            Path file = folder.resolve(readme);
            if (Files.isRegularFile(file)) return first(TITLE, file);
        }
        return Optional.empty();
    }

    private static Optional<String> first(Pattern pattern, Path file) {
        return Files.isRegularFile(file)
                        && FileText.read(file, String.valueOf(file.getFileName()))
                                instanceof FileText.Outcome.Read(var source)
                ? pattern.matcher(source.text()).results().findFirst().map(found -> found.group(1))
                : Optional.empty();
    }

    /// What a finding is worth in this file.
    Finding judged(Finding finding, Path file) {
        if (folders.isEmpty()) return finding;
        Path absolute = file.toAbsolutePath().normalize();
        return folders.stream().anyMatch(absolute::startsWith) ? finding.unserved(WHY) : finding;
    }
}

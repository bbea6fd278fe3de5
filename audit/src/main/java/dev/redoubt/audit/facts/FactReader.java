package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.FileKind;
import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import dev.redoubt.base.json.JsonLimits;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads a file's facts, whatever its kind. Not safe for two threads.
public final class FactReader {
    private static final JsonLimits NOTEBOOK = new JsonLimits(
            FileText.MACHINE_WRITTEN_BYTES_MAX, 64, 1_000_000, FileText.MACHINE_WRITTEN_BYTES_MAX, 1024, 400);

    private final Modules modules = new Modules();
    private final Releases releases = new Releases();

    /// @return empty if the text is not what its name says
    public Optional<Facts> read(Path file, FileKind kind, SourceText source) {
        Optional<Facts> found = facts(file, kind, source);
        found.filter(_ -> isOfFly(file)).ifPresent(LineFiles::onPlatform);
        found.ifPresent(facts -> facts.releases(
                releases.of(file, kind == FileKind.PYTHON ? "" : facts.source().text())));
        return found;
    }

    /// No program begins with an indented line.
    private static boolean isFragment(String text) {
        for (String line : (Iterable<String>) text.lines()::iterator)
            if (!line.isBlank() && !line.stripLeading().startsWith("#"))
                return line.charAt(0) == ' ' || line.charAt(0) == '\t';
        return false;
    }

    /// Whether fly.io runs what lies there, behind its edge with TLS.
    private static boolean isOfFly(Path file) {
        Path settings = file.resolveSibling("fly.toml");
        return Files.isRegularFile(settings, LinkOption.NOFOLLOW_LINKS)
                && FileText.read(settings, settings.toString()) instanceof FileText.Outcome.Read(var source)
                && source.text().contains("[http_service]");
    }

    private static final Pattern ENTRY_POINT =
            Pattern.compile("(docker[_-]?)?entry-?point([._-].*)?\\.sh"); // of an image

    private Optional<Facts> facts(Path file, FileKind kind, SourceText source) {
        Facts facts = new Facts(source);
        return switch (kind) {
            case PYTHON -> {
                if (isFragment(source.text())) yield Optional.empty();
                PythonFacts.read(facts, source, file, modules);
                yield Optional.of(facts);
            }
            case NOTEBOOK ->
                Notebook.code(source, NOTEBOOK).map(code -> {
                    Facts ofCode = new Facts(code);
                    PythonFacts.read(ofCode, code, file, modules);
                    return ofCode;
                });
            case YAML ->
                YamlFiles.read(facts).map(programs -> {
                    if (!programs.isEmpty()) PythonFacts.read(facts, YamlFiles.alone(source, programs), file, modules);
                    return facts;
                });
            case SHELL -> {
                Shell.read(facts, source.text(), 0, source.text().length());
                String name = String.valueOf(file.getFileName());
                if (ENTRY_POINT.matcher(name).matches()) LineFiles.inImage(facts);
                if (name.equalsIgnoreCase("Procfile")) LineFiles.onPlatform(facts);
                yield Optional.of(facts);
            }
            case DOCKERFILE -> {
                new LineFiles(facts).dockerfile();
                yield Optional.of(facts);
            }
            case SYSTEMD -> {
                new LineFiles(facts).systemd();
                yield Optional.of(facts);
            }
            case TERRAFORM -> Optional.of(facts);
            case ENVIRONMENT -> {
                new LineFiles(facts).environment();
                yield Optional.of(facts);
            }
        };
    }
}

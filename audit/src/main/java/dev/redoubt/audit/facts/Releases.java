package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.FileText;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds which releases of vLLM and Ray a file is for: what the file itself says (an image, `pip install`), else
/// the nearest folder above it whose requirements, project file, Dockerfile or compose file says something. Not
/// safe for two threads.
final class Releases {
    private static final int PARENTS_MAX = 4;
    private static final int FILES_MAX = 64; // of one folder
    private static final String NUMBERS = "v?(\\d{1,6}(?:\\.\\d{1,6}){1,2})";
    private static final String OPERATOR = "(===?|~=|>=|<=|>|<|\\^)";

    /// `vllm[audio] >= 0.6.3, <0.8` of a requirement, wherever it stands.
    private static final Pattern REQUIREMENT = Pattern.compile("(?<![\\w./-])(vllm|ray)(?:\\[[\\w, -]{0,80}])?\\s{0,4}"
            + OPERATOR + "\\s{0,4}" + NUMBERS + "(?:\\s{0,4},\\s{0,4}" + OPERATOR + "\\s{0,4}" + NUMBERS + ")?");
    /// `vllm = "^0.6.3"` and `ray = {version = "2.9", …}` of a project file.
    private static final Pattern DEPENDENCY = Pattern.compile(
            "(?m)^\\s{0,8}\"?(vllm|ray)\"?\\s{0,8}=\\s{0,8}(?:\\{[^}\\n]{0,80}?version\\s{0,4}=\\s{0,4})?\""
                    + OPERATOR + "?\\s{0,4}" + NUMBERS + "(?:\\s{0,4},\\s{0,4}" + OPERATOR + "\\s{0,4}" + NUMBERS
                    + ")?");
    private static final Pattern IMAGE =
            Pattern.compile("((?:vllm/vllm|(?<![\\w-]/)vllm)-openai(?:-cpu)?|rayproject/ray(?:-ml|-llm)?):" + NUMBERS);
    /// An image that names no release, which is the newest whatever a file beside it says.
    private static final Pattern NEWEST = Pattern.compile(
            "image\\s{0,4}:\\s{0,4}[\"']?(?:docker\\.io/)?vllm/vllm-openai(?::(?:latest|nightly)[\\w.-]{0,40})?[\"']?\\s");
    /// `name = "vllm"` and, below it, `version = "0.8.5"`: what the lock files of Poetry, uv and PDM say.
    private static final Pattern LOCKED = Pattern.compile(
            "(?m)^\\s{0,8}name\\s{0,4}=\\s{0,4}\"(vllm|ray)\"\\s{1,8}version\\s{0,4}=\\s{0,4}\"" + NUMBERS);
    /// `"vllm": {"hashes": […], …, "version": "==0.8.5"}`, as Pipenv locks.
    private static final Pattern PIPENV_LOCKED = Pattern.compile(
            "\"(vllm|ray)\"\\s{0,4}:\\s{0,4}\\{[^{}]{0,20000}?\"version\"\\s{0,4}:\\s{0,4}\"==" + NUMBERS);
    /// `- vllm=0.8.5` of an environment of conda, whose `=` takes a series where it names one.
    private static final Pattern CONDA =
            Pattern.compile("(?m)^\\s{0,12}-\\s{1,4}[\"']?(?:[\\w-]{1,40}::)?(vllm|ray)=" + NUMBERS);
    private static final Pattern CLUSTER = Pattern.compile("rayVersion\\s{0,4}:\\s{0,4}[\"']?" + NUMBERS);

    private static final Set<String> NAMES = Set.of(
            "pyproject.toml", "setup.cfg", "setup.py", "pipfile", "poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock");

    private final Map<Path, Map<Product, Release>> folders = new HashMap<>();

    /// @param own the text of the file where it may state releases itself, else empty
    Map<Product, Release> of(Path file, String own) {
        Map<Product, Release> found = stated(own, "this file");
        Path folder = file.toAbsolutePath().getParent();
        for (int up = 0; up <= PARENTS_MAX && folder != null; up++, folder = folder.getParent()) {
            folders.computeIfAbsent(folder, Releases::ofFolder).forEach(found::putIfAbsent);
            if (found.size() == Product.values().length || Files.exists(folder.resolve(".git"))) break;
        }
        if (NEWEST.matcher(own).find() && !stated(own, "").containsKey(Product.VLLM)) found.remove(Product.VLLM);
        return found;
    }

    private static Map<Product, Release> ofFolder(Path folder) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, Releases::states)) {
            for (Path file : all) if (files.size() < FILES_MAX) files.add(file);
        } catch (IOException e) {
            return Map.of(); // the finder says that it cannot be listed
        }
        Map<Product, Release> locked = new EnumMap<>(Product.class);
        Map<Product, Release> found = new EnumMap<>(Product.class);
        for (Path file : files.stream().sorted().toList()) {
            String name = String.valueOf(file.getFileName());
            if (FileText.read(file, file.toString(), FileText.MACHINE_WRITTEN_BYTES_MAX)
                    instanceof FileText.Outcome.Read(var source))
                stated(source.text(), name)
                        .forEach((product, release) ->
                                (isLock(name) ? locked : found).merge(product, release, Release::or));
        }
        found.putAll(locked); // what is installed, beside what may be
        return found;
    }

    private static boolean isLock(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(".lock");
    }

    private static boolean states(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        boolean named = name.matches(
                        "(requirements|constraints).*\\.txt|dockerfile.*|.*compose.*\\.ya?ml|(environment|conda).*\\.ya?ml")
                || NAMES.contains(name);
        return named && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static Map<Product, Release> stated(String text, String where) {
        Map<Product, Release> found = new EnumMap<>(Product.class);
        if (!text.contains("vllm") && !text.contains("ray")) return found;
        for (Pattern pattern : List.of(REQUIREMENT, DEPENDENCY)) {
            Matcher matcher = pattern.matcher(text);
            while (matcher.find()) {
                Product product = product(matcher.group(1));
                Release.of(operator(matcher.group(2)), Version.of(matcher.group(3)), parts(matcher.group(3)), where)
                        .map(release -> matcher.group(4) == null ? release : both(release, matcher))
                        .ifPresent(release -> found.merge(product, release, Release::or));
            }
        }
        for (Pattern pattern : List.of(IMAGE, LOCKED, PIPENV_LOCKED, CONDA)) {
            Matcher matcher = pattern.matcher(text);
            while (matcher.find()) exact(product(matcher.group(1)), matcher.group(2), where, found);
        }
        Matcher cluster = CLUSTER.matcher(text);
        while (cluster.find()) exact(Product.RAY, cluster.group(1), where, found);
        return found;
    }

    private static Release both(Release first, Matcher matcher) {
        String numbers = matcher.group(5);
        return Release.of(matcher.group(4), Version.of(numbers), parts(numbers), first.where())
                .map(first::and)
                .orElse(first);
    }

    private static void exact(Product product, String numbers, String where, Map<Product, Release> into) {
        Version version = Version.of(numbers);
        into.merge(product, new Release(version, version.next(), where), Release::or);
    }

    private static Product product(String name) {
        return name.startsWith("vllm") ? Product.VLLM : Product.RAY;
    }

    private static String operator(@Nullable String stated) {
        return stated == null ? "" : stated;
    }

    private static int parts(String numbers) {
        return numbers.split("\\.").length;
    }
}

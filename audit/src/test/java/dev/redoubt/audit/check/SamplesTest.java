package dev.redoubt.audit.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.audit.Finding;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.FactReader;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.source.FileFinder;
import dev.redoubt.audit.source.FileKind;
import dev.redoubt.audit.source.SourceText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every check on samples of what it must find and of what it must leave alone, and on rewritings of them that mean
/// the same.
class SamplesTest {
    private static final Path SAMPLES = Path.of("src/test/resources/samples");
    private static final int EACH = 3;

    /// What the check must say of it.
    private enum Kind {
        BAD,
        GOOD,
        /// That a value which it needs cannot be known, and nothing else.
        UNKNOWN;

        static Kind of(Path file) {
            String name = file.getFileName().toString();
            return valueOf(name.substring(0, name.indexOf('-')).toUpperCase(Locale.ROOT));
        }
    }

    private record Sample(Check check, Path file, Kind kind) {
        @Override
        public String toString() {
            return check.info().id() + " " + file.getFileName();
        }
    }

    private static Path folder(Check check) {
        return SAMPLES.resolve(check.info().id().replace('/', '-'));
    }

    private static List<Sample> samples() throws IOException {
        List<Sample> all = new ArrayList<>();
        for (Check check : Checks.all())
            try (Stream<Path> files = Files.list(folder(check))) {
                files.sorted().forEach(file -> all.add(new Sample(check, file, Kind.of(file))));
            }
        return all;
    }

    @Test
    void everyCheckHasItsOwnSamples() throws IOException {
        for (Check check : Checks.all())
            for (String kind : List.of("bad", "good"))
                try (Stream<Path> files = Files.list(folder(check))) {
                    assertThat(files.filter(
                                    file -> file.getFileName().toString().startsWith(kind)))
                            .as("%s samples of %s", kind, check.info().id())
                            .hasSizeGreaterThanOrEqualTo(EACH);
                }
    }

    @Test
    void idsAreRequirementAndNameAndThereIsOneOfEach() {
        assertThat(Checks.all().stream().map(check -> check.info().id()))
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("[RV]\\d\\.\\d/[a-z-]+"));
        assertThat(Checks.all()).allSatisfy(check -> {
            assertThat(check.info().requirement().id()).isNotEmpty();
            assertThat(check.info().references()).isNotEmpty();
        });
    }

    @TestFactory
    Stream<DynamicTest> whatIsWrongIsFoundAndWhatIsRightIsNot() throws IOException {
        return samples().stream()
                .map(sample -> DynamicTest.dynamicTest(
                        sample.toString(), () -> judge(sample, Files.readString(sample.file), "as it stands")));
    }

    @TestFactory
    Stream<DynamicTest> rewritingAProgramDoesNotChangeTheVerdict() throws IOException {
        return samples().stream()
                .filter(sample -> sample.file.toString().endsWith(".py"))
                .map(sample -> DynamicTest.dynamicTest(sample.toString(), () -> {
                    String text = Files.readString(sample.file);
                    for (Rewriting rewriting : Rewriting.values())
                        judge(sample, rewriting.apply(text), rewriting.name());
                }));
    }

    private static void judge(Sample sample, String text, String how) {
        FileKind kind = kind(sample.file);
        SourceText source = new SourceText(sample.file.getFileName().toString(), text);
        Facts facts = new FactReader().read(sample.file, kind, source).orElseThrow();
        Findings findings = new Findings(source, source.path());
        sample.check.look(facts, findings);
        switch (sample.kind) {
            case BAD -> assertThat(findings.all()).as("%s\n%s", how, text).anyMatch(one -> !saysUnknown(one));
            case GOOD -> assertThat(findings.all()).as("%s\n%s", how, text).isEmpty();
            case UNKNOWN ->
                assertThat(findings.all()).as("%s\n%s", how, text).isNotEmpty().allMatch(SamplesTest::saysUnknown);
        }
    }

    private static boolean saysUnknown(Finding finding) {
        return finding.level() == Level.NOTE && finding.message().contains(" is unknown: ");
    }

    private static FileKind kind(Path file) {
        FileFinder finder = new FileFinder();
        finder.add(file);
        return finder.found().getFirst().kind();
    }
}

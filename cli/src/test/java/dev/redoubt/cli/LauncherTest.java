package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The script `redoubt`, with JDKs and a Maven that are scripts: whatever is missing or breaks is one line and an exit
/// code, and a build that was killed is made again.
class LauncherTest {
    private static final List<String> AS_IT_IS = List.of();
    private static final String SAYS_ARGUMENTS = "echo \"java $*\"";
    /// Leaves an image, as the real one does; a half class file left by another breaks it.
    private static final String BUILDS = """
            echo built >>maven.log
            [ ! -e cli/target/classes/Half.class ] || { echo '[ERROR] Half.class is no class file'; exit 1; }
            mkdir -p cli/target/image cli/target/classes
            for jar in redoubt others some; do echo jar >cli/target/image/$jar.jar; done
            """;

    @TempDir
    private Path folder;

    private Checkout checkout;

    @BeforeEach
    void checkOut() throws IOException {
        checkout = Checkout.in(folder);
    }

    private void withJdkAndMaven() throws IOException {
        checkout.jdk("jdk-25", "25.0.3", SAYS_ARGUMENTS);
        checkout.program("mvn", BUILDS);
    }

    private static void assertOneLine(Ran ran, int exitCode, String... words) {
        assertThat(ran.err().lines()).hasSize(1);
        assertThat(ran.err()).startsWith("redoubt: ").contains(words);
        assertThat(ran.exitCode()).isEqualTo(exitCode);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void withoutAJdkItSaysWhatToInstall() throws Exception {
        checkout.jdk("jdk-24", "24.0.2", SAYS_ARGUMENTS);
        checkout.jdk("strange", "early-access", SAYS_ARGUMENTS);
        assertOneLine(checkout.run(AS_IT_IS, "version"), 69, "no JDK 25 or later found: install one");
    }

    @Test
    void aJavaHomeThatDoesNotServeIsNamed() throws Exception {
        String old = checkout.jdk("jdk-17", "17.0.9", SAYS_ARGUMENTS).toString();
        assertOneLine(
                checkout.run(List.of("JAVA_HOME", old), "version"),
                69,
                "no JDK 25 or later found, JAVA_HOME=" + old + " is Java 17: install one");
        assertOneLine(
                checkout.run(List.of("JAVA_HOME", "/nonsense"), "version"),
                69,
                "JAVA_HOME=/nonsense is no JDK: install one");
        withJdkAndMaven();
        for (String given : List.of(old, "/nonsense"))
            assertThat(checkout.run(List.of("JAVA_HOME", given), "version").exitCode())
                    .isZero();
    }

    @Test
    void aJdkIsFoundByJavaHomeInTheUsualFoldersAndOnThePath() throws Exception {
        checkout.program("mvn", BUILDS);
        Path away = checkout.jdk("away/jdk-26", "26", "echo away");
        assertThat(checkout.run(List.of("JAVA_HOME", away.toString()), "version")
                        .out())
                .isEqualTo("away\n");
        checkout.program("javac", "exit 1");
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isEqualTo(69);
        Files.delete(folder.resolve("programs/javac"));
        Files.createSymbolicLink(folder.resolve("programs/javac"), away.resolve("bin/javac"));
        assertThat(checkout.run(AS_IT_IS, "version").out()).isEqualTo("away\n");
        checkout.jdk("jdk-25", "25.0.3", "echo usual");
        assertThat(checkout.run(AS_IT_IS, "version").out()).isEqualTo("usual\n");
    }

    @Test
    void withoutMavenItSaysWhatToInstall() throws Exception {
        checkout.jdk("jdk-25", "25.0.3", SAYS_ARGUMENTS);
        assertOneLine(checkout.run(AS_IT_IS, "version"), 69, "mvn not found", "install it");
        assertOneLine(checkout.run(AS_IT_IS, "dev", "check"), 69, "mvn not found", "install it");
    }

    @Test
    void aHomeThatCannotBeWrittenIsNamed() throws Exception {
        withJdkAndMaven();
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        Path file = Files.writeString(folder.resolve("file"), "");
        for (String home : List.of(file.toString(), file + "/home"))
            assertOneLine(
                    checkout.run(List.of("REDOUBT_HOME", home), "version"),
                    73,
                    "cannot write " + home,
                    "set REDOUBT_HOME");
    }

    @Test
    void V1_6_noDumpOfMemoryIsEverWritten() throws Exception {
        checkout.jdk("jdk-25", "25.0.3", "echo \"cores $(ulimit -c)\"; " + SAYS_ARGUMENTS);
        checkout.program("mvn", BUILDS);
        Ran ran = checkout.run(List.of("REDOUBT_JAVA_OPTIONS", "-XX:+HeapDumpOnOutOfMemoryError"), "version");
        assertThat(ran.out()).startsWith("cores 0\n");
        List<String> arguments = List.of(ran.out().split("\\s+"));
        assertThat(arguments.lastIndexOf("-XX:-HeapDumpOnOutOfMemoryError"))
                .isGreaterThan(arguments.indexOf("-XX:+HeapDumpOnOutOfMemoryError"));
        assertThat(arguments).contains("-XX:-CreateCoredumpOnCrash", "-XX:+ExitOnOutOfMemoryError");
    }

    @Test
    void aCheckoutThatCannotBeWrittenIsNamed() throws Exception {
        withJdkAndMaven();
        Files.writeString(checkout.root.resolve("target"), "");
        assertOneLine(checkout.run(AS_IT_IS, "version"), 73, "cannot write " + checkout.dist());
    }

    @Test
    void aFailedBuildShowsItsFirstErrorsAndTheLog() throws Exception {
        withJdkAndMaven();
        checkout.program("mvn", "echo '[INFO] much'; echo '[ERROR] Server.java:[3,4] nonsense'; exit 1");
        Ran failed = checkout.run(AS_IT_IS, "version");
        assertThat(failed.exitCode()).isEqualTo(70);
        assertThat(failed.out()).isEmpty();
        assertThat(failed.err().lines())
                .hasSize(3)
                .contains("[ERROR] Server.java:[3,4] nonsense")
                .last()
                .asString()
                .startsWith("redoubt: the build failed")
                .contains(checkout.root.resolve("target/build.log").toString());
        checkout.program("mvn", BUILDS);
        Files.createDirectories(checkout.root.resolve("cli/target/classes/kept"));
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        assertThat(checkout.root.resolve("cli/target/classes/kept")).exists(); // what is whole is not built again
    }

    @Test
    void itBuildsWhatIsMissingOrOlderThanItsSourcesAndNothingElse() throws Exception {
        withJdkAndMaven();
        Path log = checkout.root.resolve("maven.log");
        assertThat(checkout.run(AS_IT_IS, "version").out())
                .contains("java ", "-m dev.redoubt.cli/dev.redoubt.cli.Main version");
        assertThat(checkout.dist().resolve("lib/redoubt.jar")).hasContent("jar");
        assertThat(checkout.run(AS_IT_IS, "version").err()).isEmpty();
        assertThat(log).content().hasLineCount(1);
        Path source = Files.writeString(checkout.root.resolve("cli/src/main/A.java"), "");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plus(Duration.ofSeconds(2))));
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        assertThat(log).content().hasLineCount(2);
        Files.delete(source);
        for (String jar : List.of("redoubt", "others", "some"))
            Files.delete(checkout.dist().resolve("lib/" + jar + ".jar"));
        Files.delete(checkout.dist().resolve("lib"));
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        assertThat(checkout.dist().resolve("lib/redoubt.jar")).hasContent("jar");
    }

    @Test
    void aBuildThatWasKilledIsMadeAgainFromTheSources() throws Exception {
        withJdkAndMaven();
        checkout.program("mvn", """
                mkdir -p cli/target/classes
                echo half >cli/target/classes/Half.class
                exec sleep 60
                """);
        Process killed = checkout.start(AS_IT_IS, "version");
        Checkout.await(checkout.root.resolve("cli/target/classes/Half.class"));
        Checkout.killGroup(killed);
        checkout.program("mvn", BUILDS);
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        try (Stream<Path> left = Files.list(checkout.dist())) {
            assertThat(left.map(file -> String.valueOf(file.getFileName())))
                    .containsExactlyInAnyOrder("at", "jvm-25.0.3", "lib", "redoubt-25.0.3.jsac", "stamp");
        }
    }

    @Test
    void whatWasRecordedElsewhereIsNotUsed() throws Exception {
        withJdkAndMaven();
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        Path archive = checkout.dist().resolve("redoubt-25.0.3.jsac");
        Path server = checkout.dist().resolve("redoubt-25.0.3.jsas");
        for (Path file : List.of(archive, server)) Files.writeString(file, "of here");
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        assertThat(archive).content().isEqualTo("of here");
        Files.writeString(checkout.dist().resolve("at"), "/elsewhere/target/dist\n"); // as in a copy
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        assertThat(archive).content().isNotEqualTo("of here");
        assertThat(server).doesNotExist();
    }

    @Test
    void aBuildWaitsForTheMavenOfALauncherThatWasKilled() throws Exception {
        withJdkAndMaven();
        Path end = folder.resolve("end");
        checkout.program("mvn", "echo >started; while [ ! -e '" + end + "' ]; do sleep 0.02; done; echo >ended");
        Process killed = checkout.start(AS_IT_IS, "version");
        Checkout.await(checkout.root.resolve("started"));
        Checkout.kill(killed);
        checkout.program("mvn", "[ -e ended ] || exit 1\n" + BUILDS);
        Process next = checkout.start(AS_IT_IS, "version");
        assertThat(next.waitFor(300, TimeUnit.MILLISECONDS)).isFalse();
        Files.writeString(end, "");
        assertThat(next.waitFor()).isZero();
    }

    @Test
    void whatKilledStartsHaveUnpackedIsSweptAway() throws Exception {
        withJdkAndMaven();
        Path libraries = Files.createDirectories(checkout.home.resolve("native"));
        List<String> left = List.of("sqlite-1", "tokenizers/tmp2", "redoubt3");
        for (String name : left) old(Files.createDirectories(libraries.resolve(name)));
        List<String> kept = List.of("sqlite-4", "tokenizers/tmp5", "redoubt6");
        for (String name : kept) Files.createDirectories(libraries.resolve(name));
        old(Files.createDirectories(libraries.resolve("tokenizers/1.0-cpu")));
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        assertThat(left).allMatch(name -> Files.notExists(libraries.resolve(name)));
        assertThat(kept).allMatch(name -> Files.exists(libraries.resolve(name)));
        assertThat(libraries.resolve("tokenizers/1.0-cpu")).exists();
    }

    private static void old(Path folder) throws IOException {
        Files.writeString(folder.resolve("library.so"), "bytes");
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minus(Duration.ofMinutes(11))));
    }

    @Test
    void R3_1_theJvmIsToldWhatItMayDo() throws Exception {
        withJdkAndMaven();
        assertThat(checkout.run(AS_IT_IS, "serve", "--port", "0").out())
                .contains(
                        "--illegal-native-access=deny",
                        "-Djdk.serialFilter=" + SerialFilter.DENY_ALL,
                        "-XX:+ExitOnOutOfMemoryError",
                        "-p " + checkout.dist().resolve("lib"))
                .endsWith("serve --port 0\n");
    }

    @Test
    void aLibraryThatIsALinkRunsFromWhereItLies() throws Exception {
        withJdkAndMaven();
        assertThat(checkout.run(AS_IT_IS, "version").exitCode()).isZero();
        Path away = Files.move(checkout.dist().resolve("lib"), folder.resolve("lib"))
                .toRealPath();
        Files.createSymbolicLink(checkout.dist().resolve("lib"), away);
        assertThat(checkout.run(AS_IT_IS, "version").out()).contains("-p " + away + " -m ");
        assertThat(checkout.run(AS_IT_IS, "audit", "service").out())
                .contains(" -cp " + away.resolve("others.jar") + ":" + away.resolve("redoubt.jar") + ":");
    }

    @Test
    void R4_2_theJvmsHoldTheModulesThatAreNeededAndAreLinkedOnceForAJdk() throws Exception {
        checkout.program("mvn", BUILDS);
        Path log = checkout.root.resolve("jlink.log");
        String links = """
                echo "$*" >>'%s'
                while [ "$1" != --output ]; do shift; done
                mkdir -p "$2/bin" "$2/lib/server" "$2/lib/security" "$2/conf/security"
                echo >"$2/lib/server/libjvm.so"
                printf '#!/bin/sh\necho "image $*"\n' >"$2/bin/java"
                chmod +x "$2/bin/java"
                """.formatted(log);
        Path lib = checkout.dist().resolve("lib");
        Path first = checkout.linkingJdk("jdk-25", "25.0.3", links);
        Files.createSymbolicLink(folder.resolve("programs/chmod"), Path.of("/bin/chmod"));
        for (int i = 0; i < 2; i++)
            assertThat(checkout.run(AS_IT_IS, "version").out())
                    .startsWith("image ")
                    .contains("-Dredoubt.worker.jvm=" + checkout.dist().resolve("jvm-25.0.3/worker "))
                    .contains(" -p " + lib.resolve("redoubt.jar") + ":" + lib.resolve("some.jar") + " -m ");
        assertThat(Files.readAllLines(log))
                .satisfiesExactly(
                        server -> assertThat(server).contains("--add-modules java.base,java.sql,org.others "),
                        worker -> assertThat(worker).contains("--add-modules dev.redoubt.serve "));
        Path image = checkout.dist().resolve("jvm-25.0.3");
        assertThat(Files.readSymbolicLink(image.resolve("lib/security/cacerts")))
                .isEqualTo(first.resolve("lib/security/cacerts"));
        assertThat(Files.readSymbolicLink(image.resolve("conf/security"))).isEqualTo(first.resolve("conf/security"));
        Files.delete(first.resolve("bin/javac"));
        checkout.linkingJdk("other-25", "25.0.3", links);
        assertThat(checkout.run(AS_IT_IS, "version").out()).startsWith("image ");
        assertThat(Files.readAllLines(log)).hasSize(4);
    }

    @Test
    void aJdkThatCannotLinkRunsTheProductItself() throws Exception {
        checkout.program("mvn", BUILDS);
        Path log = checkout.root.resolve("jlink.log");
        Path jdk = checkout.linkingJdk("jdk-25", "25.0.3", "echo no >>'" + log + "'; exit 1");
        for (int i = 0; i < 2; i++)
            assertThat(checkout.run(AS_IT_IS, "version").out())
                    .startsWith("jdk ")
                    .contains(
                            "-Dredoubt.worker.jvm=" + jdk + " ",
                            " -p " + checkout.dist().resolve("lib") + " -m ");
        assertThat(log).content().hasLineCount(1);
    }

    @Test
    void whatACommandLoadsIsRecordedOnceAfterABuild() throws Exception {
        checkout.program("mvn", BUILDS);
        Path log = checkout.root.resolve("recorded.log");
        checkout.jdk("jdk-25", "25.0.3", """
                for argument; do
                    case $argument in -XX:ArchiveClassesAtExit=*) echo "$*" >>'%s'; echo classes >"${argument#*=}" ;; esac
                done
                echo "java $*"
                """.formatted(log));
        Path cache = checkout.dist().resolve("redoubt-25.0.3.jsac");
        for (String command : List.of("version", "serve"))
            assertThat(checkout.run(List.of("REDOUBT_JAVA_OPTIONS", "-Xint"), command)
                            .out())
                    .contains("-XX:SharedArchiveFile=" + cache + " ", "-Xlog:cds*=off", "-Xint");
        assertThat(Files.readAllLines(log))
                .singleElement()
                .asString()
                .contains(" audit ")
                .doesNotContain("-Xint");
        Path server = Files.writeString(checkout.dist().resolve("redoubt-25.0.3.jsa"), "classes");
        assertThat(checkout.run(AS_IT_IS, "version").out()).contains("-XX:SharedArchiveFile=" + cache + " ");
        assertThat(checkout.run(AS_IT_IS, "serve").out()).contains("-XX:SharedArchiveFile=" + server + " ");
    }

    @Test
    void theAuditStartsWithoutModulesAndFromARecordOfItsOwn() throws Exception {
        checkout.program("mvn", BUILDS);
        Path log = checkout.root.resolve("recorded.log");
        checkout.jdk("jdk-25", "25.0.3", """
                for argument; do
                    case $argument in -XX:ArchiveClassesAtExit=*) echo "$*" >>'%s'; echo classes >"${argument#*=}" ;; esac
                done
                echo "java $*"
                """.formatted(log));
        Path dist = checkout.dist();
        for (int i = 0; i < 2; i++)
            assertThat(checkout.run(AS_IT_IS, "audit", "service").out())
                    .contains("-XX:SharedArchiveFile=" + dist.resolve("redoubt-25.0.3.jsaa") + " ")
                    .contains(":" + dist.resolve("lib/some.jar") + " dev.redoubt.cli.Main audit service")
                    .contains(" --illegal-native-access=deny ")
                    .doesNotContain("--enable-native-access");
        assertThat(Files.readAllLines(log)).singleElement().asString().contains(" -cp ");
    }

    @Test
    void whatIsOverInASecondRunsOnTheQuickCompiler() throws Exception {
        withJdkAndMaven();
        String file = Files.writeString(folder.resolve("service.py"), "x = 1").toString();
        String quick = " -XX:TieredStopAtLevel=1 ";
        assertThat(checkout.run(AS_IT_IS, "version").out()).contains(quick);
        assertThat(checkout.run(AS_IT_IS, "audit", "--level", "error", file).out())
                .contains(quick);
        assertThat(checkout.run(AS_IT_IS, "audit", folder.toString()).out()).doesNotContain(quick);
        assertThat(checkout.run(AS_IT_IS, "serve").out()).doesNotContain(quick);
    }
}

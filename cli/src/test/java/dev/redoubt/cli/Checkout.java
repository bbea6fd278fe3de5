package dev.redoubt.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A checkout that holds the real launcher and nothing real beside it: its JDKs and its Maven are shell scripts, and
/// it finds no tool but those that are linked into its own folder of programs.
final class Checkout {
    private static final List<String> TOOLS = List.of(
            "sh",
            "cat",
            "date",
            "env",
            "find",
            "flock",
            "grep",
            "head",
            "ln",
            "mkdir",
            "mv",
            "nice",
            "paste",
            "readlink",
            "rm",
            "sed",
            "sleep");

    final Path root;
    final Path home;
    private final Path programs;
    private final Path jvms;

    private Checkout(Path folder) throws IOException {
        this.root = Files.createDirectories(folder.resolve("checkout")).toRealPath();
        this.home = folder.toRealPath().resolve("home");
        this.programs = Files.createDirectories(folder.resolve("programs")).toRealPath();
        this.jvms = Files.createDirectories(folder.resolve("jvms")).toRealPath();
    }

    static Checkout in(Path folder) throws IOException {
        Checkout checkout = new Checkout(folder);
        Files.copy(Path.of("..", "redoubt"), checkout.root.resolve("redoubt"));
        Files.createDirectories(checkout.root.resolve("cli/src/main"));
        Files.writeString(checkout.root.resolve("pom.xml"), "<project/>");
        Files.writeString(checkout.root.resolve("cli/pom.xml"), "<project/>");
        for (String tool : TOOLS) Files.createSymbolicLink(checkout.programs.resolve(tool), tool(tool));
        return checkout;
    }

    /// One in which nothing is to be built, and whose JDK runs the product from the class path of the tests, with those
    /// of the launcher's options that fit.
    static Checkout built(Path folder) throws IOException {
        Checkout checkout = in(folder);
        checkout.jdk("jdk-25", "25.0.3", """
                count=$#
                main=
                while [ $count -gt 0 ]; do
                    argument=$1
                    shift
                    count=$((count - 1))
                    [ -z "$main" ] || { set -- "$@" "$argument"; continue; }
                    case $argument in
                        -m) main=yes; shift; count=$((count - 1)); set -- "$@" dev.redoubt.cli.Main ;;
                        -Djdk.* | -Dredoubt.torch=* | -XX:* | --illegal-native-access=*) set -- "$@" "$argument" ;;
                    esac
                done
                exec '%s' -Xmx512m --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp '%s' "$@"
                """.formatted(
                        ProcessHandle.current().info().command().orElseThrow(), System.getProperty("java.class.path")));
        Files.createDirectories(checkout.dist().resolve("lib"));
        checkout.isBuilt();
        return checkout;
    }

    /// One that has just been built: of what Maven has packaged, for the JDK of the tests, with nothing linked yet.
    static Checkout packaged(Path folder) throws IOException {
        Checkout checkout = in(folder);
        Files.createSymbolicLink(checkout.jvms.resolve("jdk"), Path.of(System.getProperty("java.home")));
        Path image =
                module("cli", "image"); // copied: the JVM's archive of classes takes them by their files' real names
        Path lib = Files.createDirectories(checkout.dist().resolve("lib"));
        try (Stream<Path> all = Files.walk(image)) {
            for (Path each : all.skip(1).toList()) Files.copy(each, lib.resolve(image.relativize(each)));
        }
        checkout.isBuilt();
        return checkout;
    }

    private void isBuilt() throws IOException {
        Files.createSymbolicLink(dist().resolve("torch"), module("runtime-torch", "torch"));
        Files.writeString(dist().resolve("stamp"), "");
    }

    private static Path module(String name, String target) {
        return Path.of("..", name, "target", target).toAbsolutePath().normalize();
    }

    Path dist() {
        return root.resolve("target/dist");
    }

    /// A JDK of that version.
    ///
    /// @param java what its `java` does, as a shell script
    Path jdk(String name, String version, String java) throws IOException {
        Path jdk = Files.createDirectories(jvms.resolve(name));
        Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        Files.createDirectories(jdk.resolve("bin"));
        script(jdk.resolve("bin/java"), java);
        script(jdk.resolve("bin/javac"), "exit 1");
        return jdk;
    }

    /// A JDK of that version whose `jlink` does that.
    Path linkingJdk(String name, String version, String jlink) throws IOException {
        Path jdk = jdk(name, version, """
                case "$*" in
                    *--list-modules) echo 'java.base@25'; echo 'dev.redoubt.cli@1 file:///lib/redoubt.jar'; echo 'java.sql@25'
                        echo 'org.others@1 file:///lib/others.jar'; echo 'some.other file:///lib/some.jar automatic'
                        echo 'org.bouncycastle.pkix@1 file:///lib/dev-cert/pkix.jar' ;;
                    *) echo "jdk $*" ;;
                esac
                """);
        script(jdk.resolve("bin/jlink"), jlink);
        return jdk;
    }

    /// A program on the PATH, replacing one of that name.
    void program(String name, String script) throws IOException {
        script(programs.resolve(name), script);
    }

    /// The launcher, in a session and so in a process group of its own.
    ///
    /// @param environment pairs of name and value
    Process start(List<String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(tool("setsid").toString(), "sh", root.resolve("redoubt").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(root.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectError(errors().toFile());
        builder.environment().clear();
        builder.environment().put("PATH", programs.toString());
        builder.environment().put("HOME", home.toString());
        builder.environment().put("REDOUBT_HOME", home.toString());
        builder.environment().put("REDOUBT_JVMS", jvms.toString());
        for (int i = 0; i < environment.size(); i += 2)
            builder.environment().put(environment.get(i), environment.get(i + 1));
        return builder.start();
    }

    /// Waits until a server that was started says that it is ready, by its next line.
    ///
    /// @return the port that it says
    int ready(Process server) throws IOException {
        String ready = server.inputReader(StandardCharsets.UTF_8).readLine();
        if (ready == null || !ready.startsWith("ready  "))
            throw new AssertionError("not ready: " + ready + "\n" + Files.readString(errors()));
        return Integer.parseInt(ready.substring(ready.lastIndexOf(':') + 1));
    }

    /// The launcher, to its end.
    Ran run(List<String> environment, String... arguments) throws IOException, InterruptedException {
        Process process = start(environment, arguments);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        return new Ran(code, out, Files.readString(errors()));
    }

    /// What the launcher and what it became say on stderr.
    Path errors() {
        return Path.of(root + ".err");
    }

    /// `kill -9` of the process that the launcher has become, and of no other.
    static void kill(Process process) throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /// `kill -9` of the launcher's whole process group.
    static void killGroup(Process process) throws IOException, InterruptedException {
        new ProcessBuilder(tool("kill").toString(), "-9", "--", "-" + process.pid())
                .start()
                .waitFor();
        process.waitFor();
    }

    /// Waits for a file that another process makes.
    static void await(Path file) throws InterruptedException, IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        Process pause = new ProcessBuilder(tool("sleep").toString(), "60").start();
        try {
            while (!Files.exists(file)) {
                if (System.nanoTime() > end) throw new NoSuchFileException(file + " did not appear within 30 s");
                pause.waitFor(10, TimeUnit.MILLISECONDS);
            }
        } finally {
            pause.destroyForcibly();
        }
    }

    private static Path tool(String name) throws IOException {
        for (String folder : List.of("/usr/bin", "/bin"))
            if (Files.isExecutable(Path.of(folder, name))) return Path.of(folder, name);
        throw new NoSuchFileException("no " + name + " in /usr/bin or /bin");
    }

    private static void script(Path file, String text) throws IOException {
        Files.deleteIfExists(file);
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}

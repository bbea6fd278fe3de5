package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.ServerProcess.Listener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What the system tells of the server's process.
final class ProcessProbes {
    private static final List<String> REMOTE = List.of(
            "-agentlib:", "-agentpath:", "-javaagent:", "-Xrunjdwp", "-Xdebug", "-Dcom.sun.management.jmxremote");
    private static final Set<String> FROM_ENVIRONMENT =
            Set.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private final Target target;
    private final Optional<ServerProcess> process;
    private final boolean caches;

    /// @param caches whether it has a KV pool
    ProcessProbes(Target target, Optional<ServerProcess> process, boolean caches) {
        this.target = target;
        this.process = process;
        this.caches = caches;
    }

    private interface Look {
        Seen look(ServerProcess process) throws IOException;
    }

    List<Probe> all() {
        return List.of(
                probe(
                        "listed what the server's process listens on",
                        "loopback only, or TLS on the configured port",
                        this::binds,
                        Requirement.R1_2,
                        Requirement.V5_5),
                probe(
                        "compared its command line with the configuration of this report",
                        "serve, with the same file, which was not written since",
                        this::sameConfiguration,
                        Requirement.R1_1),
                probe(
                        "read the deserialization filter from its command line",
                        "-Djdk.serialFilter=!* and nothing else",
                        ProcessProbes::serialFilter,
                        Requirement.R3_1),
                probe(
                        "looked for agents, debuggers, JMX and options from the environment",
                        "none",
                        ProcessProbes::noRemote,
                        Requirement.V5_5),
                probe(
                        "read what native code it may call from its command line",
                        "--illegal-native-access=deny",
                        process -> Seen.passedIf(
                                process.arguments().contains("--illegal-native-access=deny"),
                                process.arguments().stream()
                                        .filter(one -> one.contains("native-access"))
                                        .collect(Collectors.joining(" "))),
                        Requirement.R1_6),
                probe(
                        "read its limit of core files and its heap dump options",
                        "no core file, no heap dump",
                        ProcessProbes::noDumps,
                        Requirement.V1_6,
                        Requirement.V2_2),
                probe(
                        "read the flags of its memory mappings",
                        "the KV pool locked and left out of dumps, or a host without swap",
                        process -> caches ? memoryLock(process) : Seen.notApplicable(Evidence.NO_MODEL),
                        Requirement.V2_2),
                probe(
                        "read who traces it",
                        "nobody",
                        process -> Seen.passedIf(
                                process.field("status", "TracerPid").equals("0"),
                                "TracerPid " + process.field("status", "TracerPid")),
                        Requirement.V2_2));
    }

    private Probe probe(String done, String expected, Look look, Requirement... rules) {
        return new Probe(
                List.of(rules),
                done,
                expected,
                () -> process.isPresent()
                        ? look.look(process.get())
                        : Seen.notObserved("no process of this user listens on port " + target.port()));
    }

    private Seen binds(ServerProcess process) throws IOException {
        List<Listener> listening = process.listening();
        String shown = listening.stream().map(Listener::shown).collect(Collectors.joining(", "));
        boolean tls = target.edge().tls().isPresent();
        OptionalInt grpc = target.edge().protocols().grpcPort();
        boolean good = listening.stream()
                .allMatch(one -> one.loopback()
                        || tls && (one.port() == target.port() || grpc.equals(OptionalInt.of(one.port()))));
        return listening.isEmpty() ? Seen.notObserved("nothing") : Seen.passedIf(good, shown);
    }

    private Seen sameConfiguration(ServerProcess process) throws IOException {
        Optional<Path> started = configurationOf(process);
        String shown = "started by " + command(process);
        if (started.isEmpty() && target.configuration().isEmpty()) return Seen.passed(shown);
        if (started.isEmpty() || target.configuration().isEmpty()) return Seen.failed(shown);
        if (!Files.isSameFile(started.get(), target.configuration().get())) return Seen.failed(shown);
        long start = ProcessHandle.of(process.pid())
                .flatMap(handle -> handle.info().startInstant())
                .orElseThrow(() -> new IOException("its start is not known"))
                .toEpochMilli();
        long written = Files.getLastModifiedTime(started.get()).toMillis();
        return Seen.passedIf(written <= start + 1000, shown + (written <= start + 1000 ? "" : ", written since"));
    }

    /// What follows its main class.
    private static String command(ServerProcess process) throws IOException {
        List<String> arguments = process.arguments();
        int serve = arguments.indexOf("serve");
        return String.join(" ", arguments.subList(Math.max(0, serve), arguments.size()));
    }

    private static Optional<Path> configurationOf(ServerProcess process) throws IOException {
        List<String> arguments = process.arguments();
        for (int i = 0; i < arguments.size(); i++) {
            String one = arguments.get(i);
            if ((one.equals("-f") || one.equals("--file")) && i + 1 < arguments.size())
                return Optional.of(process.resolve(arguments.get(i + 1)));
            if (one.startsWith("--file=")) return Optional.of(process.resolve(one.substring("--file=".length())));
        }
        return Optional.empty();
    }

    private static Seen serialFilter(ServerProcess process) throws IOException {
        List<String> filters = process.arguments().stream()
                .filter(one -> one.startsWith("-Djdk.serialFilter"))
                .toList();
        return Seen.passedIf(filters.equals(List.of("-Djdk.serialFilter=!*")), String.join(" ", filters));
    }

    private static Seen noRemote(ServerProcess process) throws IOException {
        Set<String> found = new TreeSet<>(process.variables());
        found.retainAll(FROM_ENVIRONMENT);
        for (String argument : process.arguments())
            if (REMOTE.stream().anyMatch(argument::startsWith)) found.add(argument);
        return Seen.passedIf(found.isEmpty(), found.isEmpty() ? "none" : String.join(" ", found));
    }

    private static Seen noDumps(ServerProcess process) throws IOException {
        String core = process.field("limits", "Max core file size").split(" ")[0];
        boolean heap = process.arguments().stream().anyMatch(one -> one.startsWith("-XX:+HeapDump"));
        return Seen.passedIf(
                core.equals("0") && !heap, "core file limit " + core + (heap ? ", heap dumps on" : ", no heap dump"));
    }

    private static Seen memoryLock(ServerProcess process) throws IOException {
        List<Set<String>> pool = process.undumped();
        long locked = pool.stream().filter(flags -> flags.contains("lo")).count();
        String swap = swap();
        String shown = pool.size() + " mappings left out of dumps, " + locked + " of them locked, VmLck "
                + process.field("status", "VmLck") + ", swap " + swap;
        if (pool.isEmpty()) return Seen.failed(shown);
        return Seen.passedIf(locked > 0 || swap.equals("0 kB"), shown);
    }

    private static String swap() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/meminfo")))
            if (line.startsWith("SwapTotal:"))
                return line.substring("SwapTotal:".length()).strip();
        throw new IOException("no SwapTotal in /proc/meminfo");
    }
}

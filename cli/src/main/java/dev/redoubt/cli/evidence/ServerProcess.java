package dev.redoubt.cli.evidence;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A process as Linux shows it to its own user, in `/proc`.
final class ServerProcess {
    private static final Path PROC = Path.of("/proc");
    private static final String LISTENING = "0A";

    private final Path folder;

    private ServerProcess(Path folder) {
        this.folder = folder;
    }

    /// A socket that waits for connections.
    ///
    /// @param address hexadecimal, as /proc/net/tcp writes it
    record Listener(String address, int port, String inode) {
        /// 127.0.0.0/8, ::1, and either as an IPv4 address in IPv6.
        boolean loopback() {
            if (address.length() == 8) return address.endsWith("7F"); // of little endian machines
            return address.equals("0".repeat(24) + "01000000")
                    || address.startsWith("0".repeat(16) + "FFFF0000") && address.endsWith("7F");
        }

        /// For people.
        String shown() {
            return (loopback() ? "loopback" : text()) + ":" + port;
        }

        private String text() {
            byte[] bytes = HexFormat.of().parseHex(address);
            if (bytes.length != 4) return "[" + address + "]";
            return "%d.%d.%d.%d".formatted(bytes[3] & 0xFF, bytes[2] & 0xFF, bytes[1] & 0xFF, bytes[0] & 0xFF);
        }
    }

    /// The process of this user that listens on a port; empty if it cannot be seen.
    static Optional<ServerProcess> listeningOn(int port) throws IOException {
        Set<String> links = new HashSet<>();
        for (Listener listener : listeners()) if (listener.port == port) links.add("socket:[" + listener.inode + "]");
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                ServerProcess one = new ServerProcess(process);
                if (one.descriptors().stream().anyMatch(links::contains)) return Optional.of(one);
            }
        }
        return Optional.empty();
    }

    long pid() {
        return Long.parseLong(String.valueOf(folder.getFileName()));
    }

    /// What it listens on.
    List<Listener> listening() throws IOException {
        Set<String> own = new HashSet<>(descriptors());
        return listeners().stream()
                .filter(listener -> own.contains("socket:[" + listener.inode + "]"))
                .toList();
    }

    /// Its command line.
    List<String> arguments() throws IOException {
        return List.of(Files.readString(folder.resolve("cmdline"), StandardCharsets.UTF_8)
                .split("\0"));
    }

    /// The names of its environment's variables; values may be secrets.
    Set<String> variables() throws IOException {
        Set<String> names = new HashSet<>();
        for (String one : new String(Files.readAllBytes(folder.resolve("environ")), StandardCharsets.UTF_8).split("\0"))
            names.add(one.replaceFirst("(?s)=.*", ""));
        return names;
    }

    /// A field of its status or limits; empty if there is none.
    String field(String file, String name) throws IOException {
        for (String line : Files.readAllLines(folder.resolve(file)))
            if (line.startsWith(name))
                return line.substring(name.length())
                        .replaceFirst("^[\\s:]+", "")
                        .replaceAll("\\s+", " ")
                        .strip();
        return "";
    }

    /// Where a path on its command line leads.
    Path resolve(String path) throws IOException {
        return folder.resolve("cwd").toRealPath().resolve(path).normalize();
    }

    /// The file that a descriptor writes to; empty if it is a pipe, a terminal or closed.
    Optional<Path> output(int descriptor) {
        Path link = folder.resolve("fd").resolve(Integer.toString(descriptor));
        return Files.isRegularFile(link) ? Optional.of(link) : Optional.empty();
    }

    /// The flags of each of its mappings that the system leaves out of core dumps and does not back by a file.
    List<Set<String>> undumped() throws IOException {
        List<Set<String>> found = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve("smaps"), StandardCharsets.ISO_8859_1)) {
            if (!line.startsWith("VmFlags:")) continue;
            Set<String> flags =
                    Set.of(line.substring("VmFlags:".length()).strip().split(" "));
            if (flags.contains("dd") && flags.contains("wr") && flags.contains("nr")) found.add(flags);
        }
        return found;
    }

    /// What its descriptors lead to; none if it is another user's or has ended.
    private List<String> descriptors() {
        List<String> links = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder.resolve("fd"))) {
            for (Path one : all) link(one).ifPresent(links::add);
        } catch (IOException notOurs) {
            return links;
        }
        return links;
    }

    /// Empty if it was closed meanwhile.
    private static Optional<String> link(Path descriptor) throws IOException {
        try {
            return Optional.of(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException closed) {
            return Optional.empty();
        }
    }

    private static List<Listener> listeners() throws IOException {
        List<Listener> found = new ArrayList<>();
        for (String table : List.of("net/tcp", "net/tcp6")) {
            Path file = PROC.resolve(table);
            if (!Files.exists(file)) continue;
            List<String> lines = Files.readAllLines(file);
            for (String line : lines.subList(1, lines.size())) {
                String[] cells = line.strip().split("\\s+");
                if (!cells[3].equals(LISTENING)) continue;
                String[] address = cells[1].split(":");
                found.add(new Listener(address[0], Integer.parseInt(address[1], 16), cells[9]));
            }
        }
        return found;
    }
}

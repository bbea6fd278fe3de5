package dev.redoubt.cli;

import dev.redoubt.base.Home;
import dev.redoubt.cli.evidence.EvidenceFolder;
import dev.redoubt.trust.ReportKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// The files of the home that hold secrets or decide who is let in: nobody but their owner may read or change
/// them.
final class StateFiles {
    private StateFiles() {}

    /// @throws Refusal if others can read or write one of them; all are named
    static void check(Home home) throws IOException {
        List<String> refusals = new ArrayList<>();
        for (Path file : secrets(home)) {
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
            boolean folder =
                    Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS); // its names are no secret, what is put there is
            boolean open = mode.stream()
                    .anyMatch(one -> !one.name().startsWith("OWNER_")
                            && (!folder || one.name().endsWith("_WRITE")));
            if (open)
                refusals.add(Refusal.line(
                        "V5.3",
                        file + ":mode-" + PosixFilePermissions.toString(mode),
                        "for its owner only",
                        "chmod go= " + file));
        }
        if (!refusals.isEmpty()) throw new Refusal(refusals);
    }

    private static List<Path> secrets(Home home) throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path file : List.of(
                home.root(),
                home.database(),
                home.keySecret(),
                home.auditKey(),
                EvidenceFolder.privateKey(home),
                ReportKey.privateIn(home.canaries())))
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) found.add(file);
        if (Files.isDirectory(home.audit()))
            try (Stream<Path> files = Files.list(home.audit())) {
                files.forEach(found::add);
            }
        return found;
    }
}

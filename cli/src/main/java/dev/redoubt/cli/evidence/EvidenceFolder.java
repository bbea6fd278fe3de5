package dev.redoubt.cli.evidence;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import dev.redoubt.trust.ReportKey;
import dev.redoubt.trust.SignedReport;
import dev.redoubt.trust.Signer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// The folder `evidence` of a home: the key that signs reports, the reports, and room for probes. One process at a
/// time.
public final class EvidenceFolder implements AutoCloseable {
    /// The type of a report in its envelope.
    private static final String TYPE = "application/vnd.redoubt.evidence+json";

    private final Path folder;
    private final ReportKey key;
    private final FileChannel channel;

    private EvidenceFolder(Path folder, ReportKey key, FileChannel channel) {
        this.folder = folder;
        this.key = key;
        this.channel = channel;
    }

    /// Makes folder and key where there are none.
    ///
    /// @throws IOException if another process gathers evidence here
    public static EvidenceFolder open(Home home) throws IOException {
        Path folder = folder(home);
        ReportKey key = ReportKey.in(folder);
        FileChannel channel =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        EvidenceFolder opened = new EvidenceFolder(folder, key, channel);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) throw new IOException("another process gathers evidence in " + folder + ": wait for it");
            DurableFiles.deleteTree(opened.scratch()); // what one that was killed has left
            DurableFiles.privateDirectory(opened.scratch());
            return opened;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new IOException("evidence is gathered in " + folder + " already: wait for it", e);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /// The key that a report of this home is signed with; give it to whoever is to believe the reports.
    public static Path publicKey(Home home) {
        return ReportKey.publicIn(folder(home));
    }

    /// What it is signed by.
    public static Path privateKey(Home home) {
        return ReportKey.privateIn(folder(home));
    }

    private static Path folder(Home home) {
        return home.root().resolve("evidence");
    }

    /// Empty, and removed at the end.
    public Path scratch() {
        return folder.resolve("scratch");
    }

    /// Where a report goes that nobody has named.
    public Path report(Instant time) {
        String name = time.truncatedTo(ChronoUnit.SECONDS).toString().replace(":", "");
        return folder.resolve("report-" + name + ".json");
    }

    /// Signs a report and writes it, whole or not at all.
    public void write(byte[] report, Path file) throws IOException {
        DurableFiles.replace(file, key.sign(report, TYPE));
    }

    /// @param envelope what [#write] wrote
    /// @return the report
    /// @throws dev.redoubt.trust.ArtifactException if it is not signed by this key
    public static byte[] read(byte[] envelope, byte[] publicPem) {
        return SignedReport.open(envelope, TYPE, Signer.ofPem(publicPem));
    }

    @Override
    public void close() throws IOException {
        DurableFiles.deleteTree(scratch());
        channel.close();
    }
}

package dev.redoubt.policy.audit;

import dev.redoubt.base.Home;
import dev.redoubt.base.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Looks for everything that was done to a log by others than its writers: records that were changed, removed,
/// inserted or put elsewhere, files that are missing, an end that was cut off. Works beside writers.
public final class AuditVerifier {
    /* What is looked at is what was there at one moment under the lock, so a line that is not whole then belongs to a writer that
     * died. After a problem the chain is taken up again where it can be: one change is one problem, not one for each record
     * behind it. */
    private static final int PROBLEMS_MAX = 100;

    private final Path folder;
    private final Optional<SignedHead> head;
    private final List<Piece> pieces;
    private final List<Problem> problems = new ArrayList<>();

    private long sequence; // of the record that came last
    private Optional<String> previous = Optional.of(Link.NOTHING); // its hash; empty where it cannot be known
    private long records;
    private long torn;
    private boolean signedRecordSeen;

    /// A file as it was at the moment that counts.
    private record Piece(Path file, long first, long size) {}

    /// Something that is not as it was written.
    ///
    /// @param sequence of the record, or the number that it should have
    /// @param line from 1 on; 0 where the file as a whole is meant
    /// @param what a sentence that names the record
    public record Problem(long sequence, Path file, long line, String what) {}

    /// What was found.
    ///
    /// @param head the last record's number, 0 where there is none
    /// @param hash that record's; whoever keeps the two elsewhere can tell later whether the log still has them
    /// @param signed up to which record a signature vouches, 0: none
    /// @param torn bytes at the end that a writer left which died; the next record will say so
    public record Report(
            long records, int segments, long head, String hash, long signed, long torn, List<Problem> problems) {
        public Report {
            problems = List.copyOf(problems);
        }
    }

    private AuditVerifier(Path folder, Optional<SignedHead> head, List<Piece> pieces) {
        this.folder = folder;
        this.head = head;
        this.pieces = pieces;
    }

    /// @param publicKey the file of the key that heads must be signed with; empty: that of the home
    /// @throws AuditException if the head or the key cannot be read
    /// @throws IOException if files cannot be read
    public static Report verify(Home home, Optional<Path> publicKey) throws IOException {
        AuditFolder folder = AuditFolder.of(home);
        if (!Files.isDirectory(folder.path(), LinkOption.NOFOLLOW_LINKS))
            return new Report(0, 0, 0, Link.NOTHING, 0, 0, List.of());
        AuditVerifier verifier = folder.exclusively(() -> snapshot(folder.path()));
        Path key = publicKey.orElse(folder.key());
        return verifier.run(verifier.head.isPresent() ? Optional.of(AuditKey.readPublic(key)) : Optional.empty());
    }

    private static AuditVerifier snapshot(Path folder) throws IOException {
        List<Piece> pieces = new ArrayList<>();
        for (long first : Segments.list(folder)) {
            Path file = Segments.file(folder, first);
            pieces.add(new Piece(file, first, Files.size(file)));
        }
        return new AuditVerifier(folder, SignedHead.read(folder), pieces);
    }

    private Report run(Optional<PublicKey> key) throws IOException {
        for (int i = 0; i < pieces.size(); i++) verify(pieces.get(i), i == pieces.size() - 1);
        key.ifPresentOrElse(this::verifyHead, this::verifyNoHead);
        return new Report(
                records,
                pieces.size(),
                sequence,
                previous.orElse("unknown"),
                head.map(signed -> signed.at().sequence()).orElse(0L),
                torn,
                problems);
    }

    private void verify(Piece piece, boolean last) throws IOException {
        if (piece.first() != sequence + 1) {
            problem(sequence + 1, piece.file(), 0, missing(sequence + 1, piece.first() - 1) + " before this file");
            sequence = piece.first() - 1;
            previous = Optional.empty();
        }
        try (SegmentLines lines = new SegmentLines(piece.file(), 0, piece.size())) {
            long number = 0;
            for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next())
                verify(line.get(), piece.file(), ++number);
            long rest = piece.size() - lines.offset();
            if (last) torn = rest;
            else if (rest > 0) problem(sequence + 1, piece.file(), number + 1, "the file ends with half a line");
        }
    }

    private void verify(byte[] line, Path file, long number) {
        records++;
        Optional<Link> link = Link.of(line);
        if (link.isEmpty() || !link.get().intact()) {
            sequence++; // a number that was changed is not believed
            previous = Optional.empty();
            problem(sequence, file, number, "record " + sequence + " was changed");
            return;
        }
        long found = link.get().sequence();
        if (found <= sequence) { // the chain goes on without it
            problem(
                    found,
                    file,
                    number,
                    "record " + found + " stands behind record " + sequence + ": it was inserted or put elsewhere");
            return;
        }
        if (found > sequence + 1) problem(sequence + 1, file, number, missing(sequence + 1, found - 1));
        else if (previous.filter(hash -> !hash.equals(link.get().previous())).isPresent())
            problem(
                    found,
                    file,
                    number,
                    "record " + found + " does not follow on record " + sequence
                            + ": one of the two was replaced or inserted");
        sequence = found;
        previous = Optional.of(link.get().hash());
        checkSigned(link.get(), file, number);
    }

    private void checkSigned(Link link, Path file, long number) {
        if (head.isEmpty() || head.get().at().sequence() != link.sequence()) return;
        signedRecordSeen = true;
        if (!head.get().at().hash().equals(link.hash()))
            problem(link.sequence(), file, number, "record " + link.sequence() + " is not the one that was signed");
    }

    private void verifyHead(PublicKey key) {
        SignedHead signed = head.orElseThrow();
        Path file = folder.resolve(SignedHead.FILE);
        long at = signed.at().sequence();
        if (!signed.verifies(key))
            problem(at, file, 0, "the head is not signed by the key " + AuditKey.fingerprint(key));
        else if (at > sequence)
            problem(sequence + 1, file, 0, missing(sequence + 1, at) + " at the end: the head was signed with them");
        else if (!signedRecordSeen) problem(at, file, 0, "record " + at + " is not the one that was signed");
    }

    /// A log is signed when it has one record, before it has a second.
    private void verifyNoHead() {
        if (records > 1) problem(sequence, folder.resolve(SignedHead.FILE), 0, "the signed head is missing");
    }

    private static String missing(long from, long to) {
        return from >= to ? "record " + from + " is missing" : "records " + from + " to " + to + " are missing";
    }

    private void problem(long number, Path file, long line, String what) {
        if (problems.size() < PROBLEMS_MAX) problems.add(new Problem(number, file, line, what));
    }

    /// The public half of the key that signs this home's log, as PEM; empty if there is no log yet.
    public static Optional<String> publicKey(Home home) throws IOException {
        Path file = AuditFolder.of(home).key();
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) return Optional.empty();
        return Optional.of(Pem.format(Pem.PUBLIC_KEY, AuditKey.readPublic(file).getEncoded()));
    }
}

package dev.redoubt.policy.audit;

/// A place in the log, behind a record.
///
/// @param segment first sequence number of the file
/// @param offset in that file, in bytes
/// @param sequence of the record before this place; 0 at the beginning
/// @param hash of that record
record Position(long segment, long offset, long sequence, String hash) {
    static final Position BEGINNING = new Position(1, 0, 0, Link.NOTHING);

    /// Behind a record that ends at `end` in the same file.
    Position behind(Link record, long end) {
        return new Position(segment, end, record.sequence(), record.hash());
    }

    /// At the beginning of the file that comes next.
    Position nextSegment() {
        return new Position(sequence + 1, 0, sequence, hash);
    }
}

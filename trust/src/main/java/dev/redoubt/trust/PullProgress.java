package dev.redoubt.trust;

/// Told how a pull goes, by one thread at a time; it should return at once.
public interface PullProgress {
    /// Says nothing to anyone.
    PullProgress SILENT = new PullProgress() {
        @Override
        public void at(ModelSource source, long bytesDone, long bytesTotal) {}

        @Override
        public void failed(ModelSource source, String reason) {}
    };

    /// @param bytesDone can fall when a source starts again; for a wheel it counts packed bytes until the file
    ///     is read out of it
    void at(ModelSource source, long bytesDone, long bytesTotal);

    /// This source will not do, the next is tried.
    ///
    /// @param reason one line
    void failed(ModelSource source, String reason);
}

package dev.redoubt.trust;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Room for what is about to be written.
final class DiskSpace {
    private static final long MARGIN_BYTES = 64L << 20;

    private DiskSpace() {}

    /// @throws ArtifactException unless `bytes` and a margin fit on the disk of `folder`
    static void require(Path folder, long bytes) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes > free - MARGIN_BYTES)
            throw Refusals.files(
                    "disk of %s has %d bytes free, %d are needed with a margin of %d: free some, or set REDOUBT_HOME",
                    folder, free, bytes, MARGIN_BYTES);
    }
}

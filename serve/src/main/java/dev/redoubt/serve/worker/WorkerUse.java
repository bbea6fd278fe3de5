package dev.redoubt.serve.worker;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Compares what a worker uses with what it may. The watch's.
final class WorkerUse {
    private final Path folder;
    private final long memoryBytesMax;
    private final WorkerLimits limits;
    private final long folderBytesMax; // with the jar, which is not of the worker's making
    private @Nullable UnlinkedFiles unlinked;

    WorkerUse(Instructions instructions, WorkerLimits limits) {
        this.folder = instructions.folder();
        this.memoryBytesMax = instructions.spec().each().memoryBytes();
        this.limits = limits;
        this.folderBytesMax =
                limits.folderBytesMax() + JarCopy.bytes(instructions.spec().runtime());
    }

    /// @return what it has done, if it has to end for that
    Optional<String> over(long process) {
        return memoryOrThreads(process).or(() -> files(process));
    }

    private Optional<String> memoryOrThreads(long process) {
        ProcessUse.Use use = ProcessUse.of(process).orElse(null);
        if (use == null) return Optional.empty();
        if (use.residentBytes() > memoryBytesMax)
            return Optional.of("went over its memory limit of " + memoryBytesMax + " bytes: " + use.residentBytes()
                    + " were resident");
        if (use.threads() > limits.threadsMax())
            return Optional.of("had " + use.threads() + " threads, limit is " + limits.threadsMax());
        return Optional.empty();
    }

    private Optional<String> files(long process) {
        if (unlinked == null && process > 0) unlinked = new UnlinkedFiles(folder, process);
        long removed = unlinked == null ? 0 : unlinked.bytes(); // first: what is removed now would count twice
        long there = ProcessUse.bytesIn(folder, folderBytesMax, limits.folderFilesMax());
        if (there <= folderBytesMax && removed <= folderBytesMax - there) return Optional.empty();
        return Optional.of("stored more than " + limits.folderBytesMax() + " bytes or " + limits.folderFilesMax()
                + " files in its folder, or what cannot be counted");
    }
}

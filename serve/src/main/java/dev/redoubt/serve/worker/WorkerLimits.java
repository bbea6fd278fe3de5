package dev.redoubt.serve.worker;

import dev.redoubt.base.Check;
import java.time.Duration;

/// What every worker is held to beside its deployment's resources.
///
/// @param frameBytesMax of one value over the link
/// @param folderBytesMax of all files in its folder beside the copy of its jar, and of each of them
/// @param folderFilesMax how many there may be
/// @param threadsMax of the system, those of the JVM included
/// @param descriptorsMax open files
/// @param writeTimeout how long it may leave what it is sent unread
/// @param cancelTimeout how long a call that was cancelled may go on before the replica counts as sick
/// @param closeTimeout how long it may take to end by itself
public record WorkerLimits(
        int frameBytesMax,
        long folderBytesMax,
        int folderFilesMax,
        int threadsMax,
        int descriptorsMax,
        Duration writeTimeout,
        Duration cancelTimeout,
        Duration closeTimeout) {
    public static final WorkerLimits DEFAULT = new WorkerLimits(
            16 << 20,
            256L << 20,
            10_000,
            512,
            256,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofSeconds(8));

    public WorkerLimits {
        Check.inRange("frameBytesMax", frameBytesMax, 1 << 12, 1 << 30);
        Check.positive("folderBytesMax", folderBytesMax);
        Check.inRange("folderFilesMax", folderFilesMax, 16, 1_000_000);
        Check.inRange("threadsMax", threadsMax, 32, 100_000);
        Check.inRange("descriptorsMax", descriptorsMax, 64, 100_000);
        Check.positive("writeTimeout", writeTimeout.toNanos());
        Check.positive("cancelTimeout", cancelTimeout.toNanos());
        Check.positive("closeTimeout", closeTimeout.toNanos());
    }
}

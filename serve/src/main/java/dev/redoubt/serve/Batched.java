package dev.redoubt.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a [BatchHandler]: how many inputs come together at most, and how long the first one waits for others.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Batched {
    /// At most 32 without a waiver (R1.4).
    int maxBatchSize();

    int waitMillis() default 10;
}

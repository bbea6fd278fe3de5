package dev.redoubt.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Names a handler class and states what one replica of it may take (R1.1: what has no default here must be
/// said). A configuration file may say otherwise.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Deployment {
    /// Unique in its application.
    String name();

    int numReplicas() default 1;

    /// Calls in progress in one replica at most; more wait, bounded.
    int maxOngoingRequests();

    /// Calls that wait for a replica at most, over the whole deployment.
    int maxQueuedRequests() default 100;

    double cpus();

    int memoryMiB();

    /// Of one call, at most; never more than what the request has left. 0: its share of the request's time.
    int timeoutSeconds() default 0;
}

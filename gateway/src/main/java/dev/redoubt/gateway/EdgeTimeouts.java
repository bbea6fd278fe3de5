package dev.redoubt.gateway;

import java.time.Duration;

/// How long the edge waits for a caller.
///
/// @param firstRequest from a connection to its first whole request head
/// @param keepAlive from a reply to the next whole request head
/// @param body from a request's head to the end of its body
/// @param stalledReader for a reader to take anything from a full write queue
/// @param ping between two signs of life on a stream
/// @param linger for a caller to read a refusal before its connection is closed
/// @param drain for running requests when the edge closes
record EdgeTimeouts(
        Duration firstRequest,
        Duration keepAlive,
        Duration body,
        Duration stalledReader,
        Duration ping,
        Duration linger,
        Duration drain) {
    static final EdgeTimeouts DEFAULT = new EdgeTimeouts(
            Duration.ofSeconds(15),
            Duration.ofSeconds(75),
            Duration.ofSeconds(20),
            Duration.ofSeconds(10),
            Duration.ofSeconds(15),
            Duration.ofMillis(500),
            Duration.ofSeconds(10));

    /// For a reader to take the last of a reply.
    Duration unread() {
        return stalledReader.multipliedBy(3);
    }
}

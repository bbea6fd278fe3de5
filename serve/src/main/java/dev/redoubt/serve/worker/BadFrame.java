package dev.redoubt.serve.worker;

import java.io.IOException;
import java.io.Serial;

/// What a peer that keeps to the format would not send: the link is closed, the replica is lost.
final class BadFrame extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    BadFrame(String message) {
        super(message);
    }
}

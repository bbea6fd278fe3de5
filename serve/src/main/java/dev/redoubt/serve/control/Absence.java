package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.time.Duration;
import java.util.Optional;

/// That an application is wanted, and nobody can say what it takes: its jar or model cannot be had since a restart.
///
/// @param ingress the deployment that callers would enter
/// @param model the name of the language model that it is, if it is one
/// @param retryAfter by then it has been tried again
public record Absence(String ingress, Optional<String> model, Duration retryAfter) {
    /// For its own callers; to others it does not exist.
    public ServeException refusal() {
        return ServeException.after(retryAfter, ErrorCode.DEPLOYMENT_UNAVAILABLE, ingress);
    }
}

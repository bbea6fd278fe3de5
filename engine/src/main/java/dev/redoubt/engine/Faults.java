package dev.redoubt.engine;

import dev.redoubt.base.FaultText;

/// Logs faults of ours without content: an exception's own text may hold a prompt (RULES V1.6), so only its
/// class and where it was thrown are written.
final class Faults {
    private static final System.Logger LOG = System.getLogger("dev.redoubt.engine");

    private Faults() {}

    /// @param request the generation's id, which the gateway's error id is logged with
    static void log(long request, Throwable fault) {
        LOG.log(System.Logger.Level.ERROR, () -> "generation " + request + " ended by a fault: " + FaultText.of(fault));
    }

    /// A fault of the step as a whole.
    static void logStep(String what, Throwable fault) {
        LOG.log(System.Logger.Level.ERROR, () -> what + ": " + FaultText.of(fault));
    }
}

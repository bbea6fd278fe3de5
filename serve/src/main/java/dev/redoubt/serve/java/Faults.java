package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.FaultText;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.schema.BrokenValue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a caller may see of what a handler threw. The log has its class and place, under the id of the request;
/// never its message, which may hold content (V1.6, R5.3), but where the message is ours.
final class Faults {
    private static final Logger LOG = LoggerFactory.getLogger(Faults.class);

    private static final int CAUSES_MAX = 8;

    private Faults() {}

    /// What an operator is told of a fault outside of any call: where it was, and what caused it all.
    static String told(Throwable fault) {
        String told = FaultText.brief(fault);
        try {
            Throwable first = fault;
            for (int causes = 0; causes < CAUSES_MAX && first.getCause() != null; causes++) first = first.getCause();
            return first.equals(fault) ? told : told + ", caused by " + FaultText.brief(first);
        } catch (Throwable its) { // what a class of an operator's makes of its cause may fail too
            return told;
        }
    }

    /// The whole of it, messages too, where the output of its code goes.
    static void print(Throwable fault) {
        try {
            fault.printStackTrace();
        } catch (Throwable its) {
            LOG.debug("a trace cannot be printed: {}", its.getClass().getName());
        }
    }

    /// A handler that uses what it has in a way that cannot work.
    ///
    /// @param what it does, and the way out
    static ServeException misused(String requestId, String place, String what) {
        LOG.error("request {} failed: {} {}", requestId, place, what);
        return ServeException.because(place + " " + what);
    }

    /// A failure or refusal of a call that the handler made is passed on as it is. Nobody but the server's edge denies,
    /// so
    /// a handler that does has failed.
    ///
    /// @param place application and deployment
    static ServeException seen(String requestId, String place, Throwable fault) {
        if (fault instanceof ServeException known && known.code().kind() != ErrorCode.Kind.DENIED) return known;
        String text = fault instanceof BrokenValue broken
                ? place + " breaks its own schema: " + broken.getMessage()
                : FaultText.of(fault);
        LOG.error("request {} failed in {}: {}", requestId, place, text);
        return ServeException.internal(text);
    }
}

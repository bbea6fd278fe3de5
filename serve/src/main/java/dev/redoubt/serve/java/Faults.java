package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.schema.BrokenValue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a caller may see of what a handler threw. The log has its class and place, under the id of the request;
/// never its message, which may hold content (V1.6, R5.3).
final class Faults {
    private static final Logger LOG = LoggerFactory.getLogger(Faults.class);
    private static final int FRAMES_MAX = 12;

    private Faults() {}

    /// A failure or refusal of a call that the handler made is passed on as it is.
    ///
    /// @param place application and deployment
    static ServeException seen(String requestId, String place, Throwable fault) {
        if (fault instanceof ServeException known) return known;
        if (fault instanceof BrokenValue broken)
            LOG.error("request {} failed: {} breaks its own schema: {}", requestId, place, broken.getMessage());
        else LOG.error("request {} failed in {}: {}", requestId, place, described(fault));
        return ServeException.of(ErrorCode.INTERNAL);
    }

    /// Classes and frames.
    static String described(Throwable fault) {
        StringBuilder text = new StringBuilder();
        int causes = 0;
        for (Throwable at = fault; at != null && causes < FRAMES_MAX; at = at.getCause(), causes++) {
            text.append(causes == 0 ? "" : " caused by ")
                    .append(at.getClass().getName())
                    .append(" at ");
            StackTraceElement[] trace = at.getStackTrace();
            for (int i = 0; i < Math.min(FRAMES_MAX, trace.length); i++)
                text.append(i == 0 ? "" : " < ").append(trace[i]);
        }
        return text.toString();
    }
}

package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.nio.charset.StandardCharsets;

/// A message of gRPC is read or refused by an error of the closed table (R3.2, R3.4), and what was read is the
/// same when it is written and read again.
public final class GrpcMessageFuzz {
    private GrpcMessageFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        GrpcMessage.Request read;
        try {
            read = GrpcMessage.request(input);
        } catch (ServeException refused) {
            if (refused.code().kind() != ErrorCode.Kind.CALLER) throw refused;
            return;
        }
        if (read.body().length > input.length) throw new IllegalStateException("a body larger than its message");
        byte[] written = GrpcMessage.reply(
                read.application(), read.contentType().getBytes(StandardCharsets.UTF_8)); // the same two fields
        GrpcMessage.Request again = GrpcMessage.request(written);
        if (!again.application().equals(read.application())
                || !again.contentType().equals(read.contentType())
                || again.body().length != 0
                || !again.model().isEmpty()) throw new IllegalStateException("a message that was written is another");
    }
}

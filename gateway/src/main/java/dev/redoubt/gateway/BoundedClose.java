package dev.redoubt.gateway;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Sees to it that a connection that is to be closed is closed. Vert.x first waits until all that was written has been
/// taken, for ever from a reader who takes nothing, who would keep his connection and all that is bound to it. Here he
/// has a bounded time for that, and a second close waits no more. One object serves one connection, on its event loop.
final class BoundedClose extends ChannelOutboundHandlerAdapter {
    private final Duration taking;
    private boolean closing;

    /// @param taking how long he has
    BoundedClose(Duration taking) {
        this.taking = taking;
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        context.close(promise);
        if (closing) GuardedTransport.closeAtOnce(context.pipeline());
        else {
            closing = true;
            var late = context.executor()
                    .schedule(
                            () -> GuardedTransport.closeAtOnce(context.pipeline()),
                            taking.toMillis(),
                            TimeUnit.MILLISECONDS);
            context.channel().closeFuture().addListener(closed -> late.cancel(false));
        }
    }
}

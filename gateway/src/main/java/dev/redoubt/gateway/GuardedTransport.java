package dev.redoubt.gateway;

import dev.redoubt.policy.audit.AuditLog;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.handler.ssl.SslHandler;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.spi.transport.Transport;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Vert.x's NIO transport, with a [FramingGuard] at the head of every accepted connection, or right behind its TLS, and
/// a [BoundedClose] at its end; for HTTP/2 with neither. TLS handshakes are counted ([Handshakes]). A transport is the
/// one public place from which a handler gets around Vert.x's own.
final class GuardedTransport implements Transport {
    private static final String GUARD = "framing";

    private final Transport nio = io.vertx.core.transport.Transport.NIO.implementation();
    private final Placing placing;

    private GuardedTransport(Placing placing) {
        this.placing = placing;
    }

    /// What each connection gets.
    ///
    /// @param close see [#http1]; empty: for HTTP/2
    private record Placing(Handshakes handshakes, Optional<Duration> close) {}

    /// As [io.vertx.core.VertxBuilder] takes it.
    ///
    /// @param close how long a connection that is to be closed may wait until its reader has taken what was written
    static io.vertx.core.transport.Transport http1(AuditLog audit, Duration close) {
        return create(new Placing(new Handshakes(audit), Optional.of(close)));
    }

    static io.vertx.core.transport.Transport http2(AuditLog audit) {
        return create(new Placing(new Handshakes(audit), Optional.empty()));
    }

    private static io.vertx.core.transport.Transport create(Placing placing) {
        GuardedTransport guarded = new GuardedTransport(placing);
        return new io.vertx.core.transport.Transport() {
            @Override
            public String name() {
                return "nio-guarded";
            }

            @Override
            public boolean available() {
                return true;
            }

            @Override
            @SuppressWarnings("NullAway") // null is Vert.x's own word for "none"
            public Throwable unavailabilityCause() {
                return null;
            }

            @Override
            public Transport implementation() {
                return guarded;
            }
        };
    }

    /// Puts another handler in the guard's place, on a connection on which no HTTP follows any more. On its event loop.
    static void replaceGuard(ChannelPipeline pipeline, ChannelHandler other) {
        pipeline.replace(GUARD, GUARD, other);
    }

    /// Closes a connection past Vert.x's handlers. On its event loop.
    static void closeAtOnce(ChannelPipeline pipeline) {
        ChannelHandlerContext guard = pipeline.context(GUARD);
        if (guard != null) guard.close();
    }

    @Override
    public boolean supportsDomainSockets() {
        return nio.supportsDomainSockets();
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, ServerBootstrap bootstrap) {
        nio.configure(config, domainSocket, bootstrap);
        bootstrap.handler(new Acceptor(placing));
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
        return nio.ioHandlerFactory();
    }

    @Override
    @SuppressWarnings("deprecation") // the interface asks for it
    public DatagramChannel datagramChannel(io.netty.channel.socket.InternetProtocolFamily family) {
        return nio.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
        return nio.datagramChannelFactory();
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return nio.channelFactory(domainSocket);
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return nio.serverChannelFactory(domainSocket);
    }

    @Override
    public SocketAddress convert(io.vertx.core.net.SocketAddress address) {
        return nio.convert(address);
    }

    @Override
    public io.vertx.core.net.SocketAddress convert(SocketAddress address) {
        return nio.convert(address);
    }

    /// Sees each accepted connection before Vert.x adds its handlers to it.
    @Sharable
    private static final class Acceptor extends ChannelInboundHandlerAdapter {
        private final Placing placing;

        Acceptor(Placing placing) {
            this.placing = placing;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object accepted) {
            if (accepted instanceof Channel connection) connection.pipeline().addFirst("place", new Placer(placing));
            context.fireChannelRead(accepted);
        }
    }

    /// Puts the guard where it sees plain bytes. Vert.x adds its own handlers when the connection is registered, right
    /// before this is told.
    private static final class Placer extends ChannelInboundHandlerAdapter {
        private final Placing placing;

        Placer(Placing placing) {
            this.placing = placing;
        }

        @Override
        public void channelRegistered(ChannelHandlerContext context) {
            var pipeline = context.pipeline();
            var tls = pipeline.context(SslHandler.class);
            if (tls != null)
                placing.handshakes().began(context.channel(), ((SslHandler) tls.handler()).handshakeFuture());
            placing.close().ifPresent(close -> guard(pipeline, tls, close));
            context.fireChannelRegistered();
            pipeline.remove(this);
        }

        private static void guard(ChannelPipeline pipeline, @Nullable ChannelHandlerContext tls, Duration close) {
            if (tls == null) pipeline.addFirst(GUARD, new FramingGuard());
            else pipeline.addAfter(tls.name(), GUARD, new FramingGuard());
            pipeline.addAfter(GUARD, "placeLast", new LastPlacer(close));
        }
    }

    /// Puts what must be last behind Vert.x's handlers. With TLS these are there when the first plain bytes are.
    private static final class LastPlacer extends ChannelInboundHandlerAdapter {
        private final Duration close;

        LastPlacer(Duration close) {
            this.close = close;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.pipeline().addLast(new BoundedClose(close));
            context.fireChannelRead(message);
            context.pipeline().remove(this);
        }
    }
}

package dev.redoubt.serve.worker;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// Two ends of a socket: a link reads what it finds there by a selector, which nothing but a socket has.
record LinkPair(SocketChannel near, SocketChannel far) implements AutoCloseable {
    private static final ServerSocketChannel SERVER = listening();

    private static ServerSocketChannel listening() {
        try {
            return ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// @param input what the far end has sent before it ended its side; what no buffer takes is left out
    static synchronized LinkPair sent(byte[] input) throws IOException {
        SocketChannel far = SocketChannel.open(SERVER.getLocalAddress());
        SocketChannel near = SERVER.accept();
        far.configureBlocking(false);
        int ignored = far.write(ByteBuffer.wrap(input));
        return new LinkPair(near, far.shutdownOutput());
    }

    @Override
    public void close() throws IOException {
        far.close();
        near.close();
    }
}

package dev.redoubt.gateway;

import dev.redoubt.base.Check;
import java.net.InetAddress;
import java.nio.file.Path;

/// Where administration listens: on this machine, whatever the data port does (V5.5).
public sealed interface AdminAddress {
    /// A Unix domain socket of mode 0600. Who may open the file is the operator: there is no key.
    record UnixSocket(Path path) implements AdminAddress {}

    /// A TCP port of loopback, for keys with the scopes `admin:read` and `admin:write`.
    ///
    /// @param host a literal address of loopback
    /// @param port 0 picks a free one
    record LoopbackPort(String host, int port) implements AdminAddress {
        public LoopbackPort {
            Check.that(
                    InetAddress.ofLiteral(host).isLoopbackAddress(), "administration on %s is not on loopback", host);
            Check.inRange("port", port, 0, 65_535);
        }
    }
}

package dev.redoubt.gateway;

import dev.redoubt.policy.audit.AuditEvent;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// What an audit record calls somebody who has no key: how far away he is. Not his address, which would be a
/// person's data in a log that nobody may shorten.
final class Strangers {
    private Strangers() {}

    /// @param remote null for a Unix domain socket, which only the operator can open
    static String name(@Nullable SocketAddress remote) {
        if (remote == null || remote.hostAddress() == null) return AuditEvent.OPERATOR; // a Unix domain socket
        InetAddress address = InetAddress.ofLiteral(remote.hostAddress());
        if (address.isLoopbackAddress()) return "stranger:loopback";
        boolean near = address.isSiteLocalAddress() || address.isLinkLocalAddress() || isUniqueLocal(address);
        return near ? "stranger:private" : "stranger:public";
    }

    /// RFC 4193, IPv6's private networks.
    private static boolean isUniqueLocal(InetAddress address) {
        return address.getAddress().length == 16 && (address.getAddress()[0] & 0xFE) == 0xFC;
    }
}

package dev.redoubt.gateway;

import dev.redoubt.base.Requirement;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.vertx.core.net.SocketAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Connections whose TLS handshake is under way, which [Connections] does not know yet: a bounded number, so the oldest
/// gives way to a new one. Safe for any thread.
final class Handshakes {
    static final int HANDSHAKES_MAX = 1024;

    private final AuditLog audit;
    private final LinkedHashSet<Channel> open = new LinkedHashSet<>(); // guarded by this

    Handshakes(AuditLog audit) {
        this.audit = audit;
    }

    /// @param handshake ends with the connection at the latest
    void began(Channel connection, Future<Channel> handshake) {
        Channel oldest = add(connection);
        if (oldest != null) refuse(oldest);
        handshake.addListener(ended -> remove(connection));
    }

    private synchronized @Nullable Channel add(Channel connection) {
        Channel oldest = open.size() < HANDSHAKES_MAX ? null : open.removeFirst();
        open.add(connection);
        return oldest;
    }

    private synchronized void remove(Channel connection) {
        open.remove(connection);
    }

    private void refuse(Channel connection) {
        SocketAddress remote = connection.remoteAddress() instanceof InetSocketAddress address
                ? SocketAddress.inetSocketAddress(address)
                : null;
        audit.note(new AuditEvent(
                AuditKind.CONNECTION_REFUSED,
                Strangers.name(remote),
                "",
                "",
                Optional.of(Requirement.R1_1),
                "closed, " + HANDSHAKES_MAX + " TLS handshakes are under way",
                ""));
        connection.close();
    }
}

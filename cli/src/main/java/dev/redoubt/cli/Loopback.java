package dev.redoubt.cli;

import java.net.InetAddress;

/// Addresses that only this machine can reach. Names other than `localhost` are never looked up: what a
/// resolver says today may be another address tomorrow.
final class Loopback {
    private Loopback() {}

    /// Whether this is a literal loopback address or `localhost`.
    static boolean is(String host) {
        if (host.equals("localhost")) return true;
        try {
            return InetAddress.ofLiteral(host).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}

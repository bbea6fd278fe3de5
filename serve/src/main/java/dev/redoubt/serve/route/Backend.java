package dev.redoubt.serve.route;

import dev.redoubt.serve.replica.Servant;

/// A replica as its router sees it. Everything but its names is guarded by the router's lock.
final class Backend {
    final String id;
    final Servant servant;
    final CallList calls = new CallList();
    int ongoingMax;
    boolean draining;
    boolean refusing; // it would not start a call; asked again after a while, or when one of its calls has ended

    Backend(String id, Servant servant, int ongoingMax) {
        this.id = id;
        this.servant = servant;
        this.ongoingMax = ongoingMax;
    }

    int running() {
        return calls.size();
    }

    boolean hasRoom() {
        return !draining && !refusing && calls.size() < ongoingMax;
    }
}

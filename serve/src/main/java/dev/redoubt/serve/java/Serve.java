package dev.redoubt.serve.java;

import dev.redoubt.base.TimeSource;

/// Where an application begins.
public final class Serve {
    private Serve() {}

    /// Runs an application in this process, for tests: no server, no ports, no files. Graph, types, deadlines
    /// and cancellation are as in a server; each deployment has one replica and no queue.
    ///
    /// @throws IllegalArgumentException listing every reason for which a server would not deploy it
    public static LocalApplication local(Application application) {
        return LocalApplication.start(application, TimeSource.system());
    }
}

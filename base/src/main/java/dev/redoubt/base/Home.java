package dev.redoubt.base;

import java.nio.file.Path;
import java.util.Map;

/// Where Redoubt keeps everything: `REDOUBT_HOME`, by default `~/.redoubt`. Only the owner may read it.
///
/// @param root absolute
public record Home(Path root) {
    public Home {
        Check.that(root.isAbsolute(), "REDOUBT_HOME must be absolute: %s", root);
    }

    /// @param environment of the process; `userHome` is the property `user.home`
    public static Home of(Map<String, String> environment, String userHome) {
        String given = environment.get("REDOUBT_HOME");
        Path root = given == null || given.isBlank() ? Path.of(userHome, ".redoubt") : Path.of(given);
        return new Home(root.toAbsolutePath().normalize());
    }

    /// The model store.
    public Path models() {
        return root.resolve("models");
    }

    /// The database of keys.
    public Path database() {
        return root.resolve("redoubt.db");
    }

    /// The database of what applications are wanted.
    public Path platform() {
        return root.resolve("platform.db");
    }

    /// The server-side secret (pepper) that keys are hashed with; 32 random bytes, mode 0600.
    public Path keySecret() {
        return root.resolve("key-secret");
    }

    /// The audit log.
    public Path audit() {
        return root.resolve("audit");
    }

    /// The pair of keys that signs the audit log's heads; mode 0600.
    public Path auditKey() {
        return root.resolve("audit-key");
    }

    /// What trusted runs of models gave, signed, that later runs are compared with.
    public Path canaries() {
        return root.resolve("canaries");
    }

    /// The rate limits' open windows.
    public Path limitWindows() {
        return root.resolve("limit-windows");
    }

    /// Where a running server listens to its operator; mode 0600.
    public Path adminSocket() {
        return root.resolve("admin.sock");
    }

    /// Where worker processes have their folders while they run.
    public Path workers() {
        return root.resolve("workers");
    }

    /// Copies of the files that applications are made of, by their digests.
    public Path artifacts() {
        return root.resolve("artifacts");
    }

    /// Native libraries that dependencies unpack; mode 0700, since what lies there is loaded at the next start.
    public Path nativeLibraries() {
        return root.resolve("native");
    }
}

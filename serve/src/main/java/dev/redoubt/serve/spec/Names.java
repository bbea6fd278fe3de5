package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.util.Set;
import java.util.regex.Pattern;

/// What applications, deployments and models may be called.
public final class Names {
    private static final Pattern APPLICATION = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern DEPLOYMENT = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})");

    /// What a path of the server's own begins with, which no application may be called.
    public static final Set<String> RESERVED =
            Set.of("v1", "generate", "tokenize", "detokenize", "livez", "readyz", "metrics", "admin");

    private Names() {}

    /// 1 to 63 characters of a-z, 0-9 and -, not at an end; `default` would be somebody's by accident (R4.1).
    ///
    /// @throws IllegalArgumentException otherwise
    public static void application(String name) {
        Check.that(
                APPLICATION.matcher(name).matches() && !name.equals("default"),
                "an application is called by 1 to 63 characters of a-z, 0-9 and -, and not 'default': '%s'",
                name);
    }

    /// 1 to 63 characters of letters, digits, _ and -.
    ///
    /// @throws IllegalArgumentException otherwise
    public static void deployment(String name) {
        Check.that(
                DEPLOYMENT.matcher(name).matches(),
                "a deployment is called by 1 to 63 characters of letters, digits, _ and -: '%s'",
                name);
    }
}

package dev.redoubt.trust;

import dev.redoubt.base.Pem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// The words of a refusal. Text from outside goes into them by [dev.redoubt.base.StrangerText].
final class Refusals {
    static final String CONTENT = "V4.3"; // strict readers
    static final String FILES = "V4.2"; // the set of files and their digests
    static final String FORMAT = "R1.6"; // data formats only
    static final String CODE = "V2.4"; // no code beside a model
    static final String SCALES = "V6.3"; // quantization scales
    static final String TRUST = "V4.1"; // the allow-list
    static final String METHOD = "V6.1"; // the quantization that is stated

    private Refusals() {}

    static ArtifactException content(String message, Object... args) {
        return new ArtifactException(CONTENT, message.formatted(args));
    }

    static ArtifactException files(String message, Object... args) {
        return new ArtifactException(FILES, message.formatted(args));
    }

    static ArtifactException trust(String message, Object... args) {
        return new ArtifactException(TRUST, message.formatted(args));
    }

    static ArtifactException method(String message, Object... args) {
        return new ArtifactException(METHOD, message.formatted(args));
    }

    static ArtifactException format(String message, Object... args) {
        return new ArtifactException(FORMAT, message.formatted(args));
    }

    static ArtifactException code(String message, Object... args) {
        return new ArtifactException(CODE, message.formatted(args));
    }

    static ArtifactException unreadable(Path path, IOException e) {
        return files("cannot use %s: %s: %s", path, e.getClass().getSimpleName(), String.valueOf(e.getMessage()));
    }

    /// The blocks of a PEM text.
    ///
    /// @param what the text, as messages name it
    static List<Pem.Block> pem(byte[] text, String what) {
        try {
            return Pem.parse(text, what);
        } catch (IllegalArgumentException e) {
            throw files("%s", String.valueOf(e.getMessage()));
        }
    }
}

package dev.redoubt.trust;

import dev.redoubt.base.Pem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// The words of a refusal: text from outside is cut and stripped of what a terminal would obey.
final class Refusals {
    static final String CONTENT = "V4.3"; // strict readers
    static final String FILES = "V4.2"; // the set of files and their digests
    static final String FORMAT = "R1.6"; // data formats only
    static final String CODE = "V2.4"; // no code beside a model
    static final String SCALES = "V6.3"; // quantization scales
    static final String TRUST = "V4.1"; // the allow-list
    static final String METHOD = "V6.1"; // the quantization that is stated

    private static final int SHOWN_MAX = 96;

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

    /// A name or value from outside, fit to be printed: bounded, everything but printable ASCII escaped.
    static String shown(String text) {
        var out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (out.length() > SHOWN_MAX) return out.append('…').toString();
            char c = text.charAt(i);
            if (c >= 0x20 && c < 0x7F) out.append(c);
            else out.append("\\u%04x".formatted((int) c));
        }
        return out.toString();
    }
}

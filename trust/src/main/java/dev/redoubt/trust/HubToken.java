package dev.redoubt.trust;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// What proves to a hub who asks. It comes from the environment or a file, and prints as nothing.
final class HubToken {
    private static final String RULE = "V4.4";
    private static final int FILE_BYTES_MAX = 4096;

    private final Optional<String> secret;

    private HubToken(Optional<String> secret) {
        this.secret = secret;
    }

    /// `HF_TOKEN`, or the content of the file that `HF_TOKEN_PATH` names; none if neither is set.
    ///
    /// @throws ArtifactException if one is set and empty, or holds what no token can
    static HubToken of(Map<String, String> environment) {
        String direct = environment.get("HF_TOKEN");
        if (direct != null) return new HubToken(Optional.of(checked("HF_TOKEN", direct)));
        String path = environment.get("HF_TOKEN_PATH");
        if (path == null) return new HubToken(Optional.empty());
        try {
            Path file = Path.of(path);
            if (Files.size(file) > FILE_BYTES_MAX)
                throw new ArtifactException(
                        RULE, "the file of HF_TOKEN_PATH has over " + FILE_BYTES_MAX + " bytes: it is no token");
            return new HubToken(Optional.of(checked("the file of HF_TOKEN_PATH", Files.readString(file))));
        } catch (IOException e) {
            throw new ArtifactException(
                    RULE, "the file of HF_TOKEN_PATH cannot be read: unset the variable or name another file");
        }
    }

    private static String checked(String where, String value) {
        String token = value.strip();
        if (token.isEmpty()) throw new ArtifactException(RULE, where + " is empty: set a token or unset it");
        if (!token.chars().allMatch(c -> c > 0x20 && c < 0x7F))
            throw new ArtifactException(RULE, where + " holds a character that no token has: set it again");
        return token;
    }

    /// The value of an `Authorization` header, if there is a token.
    Optional<String> header() {
        return secret.map(token -> "Bearer " + token);
    }

    @Override
    public String toString() {
        return "HubToken";
    }
}

package dev.redoubt.trust;

/// A signature's bundle, and the statement in it, are read or refused (V4.2). The statement is read here although
/// nobody has checked its signature, which the product never does.
public final class SignatureFuzz {
    private SignatureFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            SignedStatement.parse(SignatureBundle.parse(input).payload());
        } catch (ArtifactException refused) {
            statement(input);
        }
    }

    /// So that the statement is reached without a way through Base64.
    private static void statement(byte[] input) {
        try {
            SignedStatement.parse(input);
        } catch (ArtifactException refused) {
            return;
        }
    }
}

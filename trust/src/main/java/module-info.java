/// Bytes from outside become a [dev.redoubt.trust.VerifiedArtifact], or nothing: manifests, strict readers, the
/// model store, pulls.
module dev.redoubt.trust {
    requires static org.jspecify;
    requires transitive dev.redoubt.base;
    requires java.net.http;

    exports dev.redoubt.trust;
}

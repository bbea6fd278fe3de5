package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/// Which entries of a store may be loaded, and on whose word: the allow-list, as the operator changes it.
/// Safe for any thread and for several processes.
public final class ModelTrust {
    private final StoreLayout layout;
    private final StoreEntries entries;
    private final AllowList allowList;
    private final TimeSource time;

    ModelTrust(StoreLayout layout, StoreEntries entries, AllowList allowList, TimeSource time) {
        this.layout = layout;
        this.entries = entries;
        this.allowList = allowList;
        this.time = time;
    }

    /// What allows an entry to be loaded; empty if nothing does.
    public Optional<TrustEntry> find(String name) {
        ModelName.check(name);
        return allowList.find(name).map(grant -> TrustEntry.of(name, grant));
    }

    /// Whether the operator took the name off the allow-list.
    public boolean isDistrusted(String name) {
        ModelName.check(name);
        return allowList.isDistrusted(name);
    }

    /// How an entry is vouched for now.
    Vouch vouch(String name) {
        ModelName.check(name);
        return new Vouch(
                allowList.find(name).map(AllowList.Grant::signer),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty());
    }

    /// Puts an entry on the allow-list by its digest: the operator vouches for it.
    ///
    /// @throws ArtifactException if the entry has another digest, differs from its manifest, or is an old version
    public TrustEntry allow(String name, String digest) {
        try (VerifiedArtifact present = entries.verified(name, vouch(name))) {
            if (!present.digest().equals(digest))
                throw Refusals.trust(
                        "model '%s' has the digest %s, given was %s: check where it comes from",
                        name, present.digest(), digest);
            return grant(present, Signer.OPERATOR);
        }
    }

    /// Puts an entry on the allow-list by a signature that it carries, which every later start checks again.
    ///
    /// @param signature the bundle, which is copied into the entry; none: the one that it has
    /// @throws ArtifactException if the signature is not this signer's, or not of these files
    public TrustEntry allow(String name, Signer signer, Optional<Path> signature) {
        var vouch = new Vouch(Optional.of(signer), signature, OptionalLong.empty(), Optional.empty());
        try (VerifiedArtifact present = entries.verified(name, vouch)) {
            if (signature.isEmpty()) return grant(present, signer);
            byte[] bundle = StoreLayout.small(signature.get(), SignatureBundle.BYTES_MAX);
            return allowList.exclusively(() -> {
                DurableFiles.replace(StoreLayout.signature(layout.entry(name)), bundle);
                return grant(present, signer);
            });
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(name), e);
        }
    }

    /// Allows what the catalogue pins and the store has.
    void allowCatalogue(StoreEntry present) {
        Optional<TrustEntry> trusted = find(present.name());
        if (trusted.isPresent()
                && trusted.get().digest().equals(present.digest())
                && trusted.get().quantization().isPresent()) return;
        try (VerifiedArtifact artifact =
                entries.open(layout.manifest(present.name()), Optional.empty(), false, "pull")) {
            grant(artifact, Signer.CATALOGUE);
        }
    }

    /// An adapter stays that of the base that was stated when it was added.
    private TrustEntry grant(VerifiedArtifact present, Signer signer) {
        String name = present.name();
        Optional<String> base = allowList.base(name, present.digest());
        if (present.adapter() && base.isEmpty())
            throw Refusals.trust(
                    "adapter '%s' has no base on the allow-list: redoubt models remove %s, then add it with --base",
                    name, name);
        try {
            return TrustEntry.of(
                    name,
                    allowList.trust(
                            name,
                            present.digest(),
                            signer,
                            OptionalLong.empty(),
                            present.quantization(),
                            base,
                            time.now()));
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(AllowList.FILE_NAME), e);
        }
    }

    /// States in an entry of the allow-list how far these bytes may be from the model that they were made of.
    ///
    /// @throws ArtifactException if it allows no bytes of this digest
    public TrustEntry bound(String name, String digest, QualityBounds bounds) {
        ModelName.check(name);
        try {
            return TrustEntry.of(name, allowList.bound(name, digest, bounds));
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(AllowList.FILE_NAME), e);
        }
    }

    /// Takes a name off the allow-list: the next start refuses it. Its files stay.
    ///
    /// @return whether it was on it
    public boolean distrust(String name) {
        ModelName.check(name);
        try {
            return allowList.distrust(name);
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(AllowList.FILE_NAME), e);
        }
    }
}

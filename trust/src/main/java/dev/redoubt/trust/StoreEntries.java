package dev.redoubt.trust;

import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/// Opens entries whoever vouches for them, and sets aside those that are not what their manifest says.
final class StoreEntries {
    private final StoreLayout layout;
    private final Quarantine quarantine;
    private final QuarantineListener listener;
    private final TimeSource time;

    StoreEntries(StoreLayout layout, Quarantine quarantine, QuarantineListener listener, TimeSource time) {
        this.layout = layout;
        this.quarantine = quarantine;
        this.listener = listener;
        this.time = time;
    }

    /// Opens an entry after every check that was made when it was added.
    ///
    /// @param vouch its signer, and a signature in place of the one that the entry has
    VerifiedArtifact verified(String name, Vouch vouch) {
        Manifest manifest = manifest(name, "verify");
        Signer signer = vouch.signer().orElse(Signer.OPERATOR);
        Optional<Verifier.Signed> signed = vouch.signature().isPresent() && signer.signs()
                ? Optional.of(detached(vouch.signature().get(), signer))
                : storedSignature(name, signer);
        return open(manifest, signed, true, "verify");
    }

    /// A signature that lies elsewhere than the files.
    private Verifier.Signed detached(Path bundle, Signer signer) {
        try {
            return new Verifier.Signed(
                    ModelSignature.check(StoreLayout.small(bundle, SignatureBundle.BYTES_MAX), signer, time.now()), "");
        } catch (IOException e) {
            throw Refusals.unreadable(bundle, e);
        }
    }

    /// Compares an entry with its manifest and opens it.
    ///
    /// @param signed which the files must match too; where they do not, though they are those of the
    ///     manifest, it is the signature that is wrong, and the entry stays where it is
    VerifiedArtifact open(Manifest manifest, Optional<Verifier.Signed> signed, boolean deep, String during) {
        String name = manifest.name();
        VerifiedArtifact artifact;
        try {
            layout.refuseWhatIsBeside(name);
            artifact = Verifier.open(manifest, ModelFiles.list(StoreLayout.files(layout.entry(name))), deep);
        } catch (ArtifactException e) {
            quarantine(layout.entry(name), name, during, e);
            throw e;
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(name), e);
        }
        try {
            signed.ifPresent(artifact::requireSigned);
            return artifact;
        } catch (RuntimeException e) {
            artifact.close();
            throw e;
        }
    }

    /// The signature of an entry whose signer signs: beside its files, or among them.
    Optional<Verifier.Signed> storedSignature(String name, Signer signer) {
        if (!signer.signs()) return Optional.empty();
        Path beside = StoreLayout.signature(layout.entry(name));
        Path among = StoreLayout.files(layout.entry(name)).resolve(StoreLayout.SIGNATURE);
        boolean separate = Files.exists(beside, LinkOption.NOFOLLOW_LINKS);
        if (!separate && !Files.exists(among, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.trust(
                    "model '%s' is not signed, its signer must be %s: redoubt models trust %s --signer FILE --signature FILE",
                    name, signer.id(), name);
        try {
            byte[] bundle = StoreLayout.small(separate ? beside : among, SignatureBundle.BYTES_MAX);
            return Optional.of(new Verifier.Signed(
                    ModelSignature.check(bundle, signer, time.now()), separate ? "" : StoreLayout.SIGNATURE));
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(name), e);
        }
    }

    /// The manifest of an entry; one that was changed sends the entry to the quarantine.
    Manifest manifest(String name, String during) {
        try {
            return layout.manifest(name);
        } catch (ArtifactException e) {
            if (ModelName.isValid(name) && layout.hasEntry(name)) quarantine(layout.entry(name), name, during, e);
            throw e;
        }
    }

    /// Sets something of this store aside, unless the check was only interrupted.
    void quarantine(Path refused, String name, String during, ArtifactException why) {
        if (Thread.currentThread().isInterrupted()) return;
        if (quarantine.take(refused, name, during, why, time.now())) listener.setAside(name, during, why.rule());
    }
}

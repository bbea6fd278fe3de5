package dev.redoubt.trust;

import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// A model that is in no store: a GGUF file or a folder, where it lies.
public final class ModelPath {
    private ModelPath() {}

    /// Opens it after the checks of [ModelStore#add].
    /// Its name is that of the file. For commands on the user's own files, never for serving: nobody pinned
    /// it, and whoever can write the file can change it, see [VerifiedArtifact#confirm].
    ///
    /// @throws ArtifactException if the files are refused
    public static VerifiedArtifact open(Path source) {
        return open(source, Vouch.OPERATOR);
    }

    /// As [#open(Path)], for a model that must carry a signature.
    ///
    /// @param vouch the revision in it is not looked at
    public static VerifiedArtifact open(Path source, Vouch vouch) {
        try {
            Path real = real(source);
            Instant now = TimeSource.system().now();
            Map<String, Path> files = files(real);
            return Verifier.admit(ModelName.of(real), files, real.toString(), now, signed(files, vouch, now));
        } catch (IOException e) {
            throw Refusals.unreadable(source, e);
        }
    }

    /// The signature that a model must carry by `vouch`, checked as far as it can be without the files; empty
    /// if none is needed.
    static Optional<Verifier.Signed> signed(Map<String, Path> files, Vouch vouch, Instant now) throws IOException {
        if (vouch.signer().isEmpty()) return Optional.empty();
        Signer signer = vouch.signer().get();
        Path inside = files.get(StoreLayout.SIGNATURE);
        if (vouch.signature().isEmpty() && inside == null)
            throw Refusals.trust(
                    "the model is not signed: it has no '%s', its signer must be %s: name the signature",
                    StoreLayout.SIGNATURE, signer.id());
        Path bundle = vouch.signature().orElse(inside);
        var signature = ModelSignature.check(
                StoreLayout.small(Objects.requireNonNull(bundle), SignatureBundle.BYTES_MAX), signer, now);
        return Optional.of(new Verifier.Signed(signature, vouch.signature().isPresent() ? "" : StoreLayout.SIGNATURE));
    }

    /// @throws ArtifactException if there is nothing, or it was set aside
    static Path real(Path source) throws IOException {
        try {
            Path real = source.toRealPath();
            for (Path part : real)
                if (part.toString().equals(Quarantine.FOLDER))
                    throw Refusals.files(
                            "%s is in quarantine, what was refused is never loaded: use another file", real);
            return real;
        } catch (NoSuchFileException e) {
            throw Refusals.files("no model at %s: give a GGUF file or a safetensors folder", source);
        }
    }

    /// Its files by name, as [ModelFiles#list] finds those of a folder.
    static Map<String, Path> files(Path real) throws IOException {
        if (Files.isDirectory(real)) {
            Map<String, Path> files = ModelFiles.list(real);
            ModelFiles.refuseHardLinks(files);
            return files;
        }
        if (!Files.isRegularFile(real)) throw Refusals.files("%s is no regular file or folder", real);
        String name = String.valueOf(real.getFileName());
        return new TreeMap<>(Map.of(name, real));
    }
}

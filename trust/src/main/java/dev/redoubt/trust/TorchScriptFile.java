package dev.redoubt.trust;

import dev.redoubt.base.TimeSource;
import dev.redoubt.trust.Manifest.FileFact;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;

/// The bytes of a TorchScript file and of what vouches for it, as they were read: nothing was looked at yet. A
/// worker process reads them before it gives up its files and looks at them afterwards. Used by one thread;
/// close it.
public final class TorchScriptFile implements AutoCloseable {
    private static final int SIGNER_BYTES_MAX = 64 << 10;

    private final Arena arena;
    private final String name;
    private final MemorySegment bytes;
    private final byte[] signature;
    private final byte[] signer;

    private TorchScriptFile(Arena arena, String name, MemorySegment bytes, byte[] signature, byte[] signer) {
        this.arena = arena;
        this.name = name;
        this.bytes = bytes;
        this.signature = signature;
        this.signer = signer;
    }

    /// Reads all three.
    ///
    /// @param signature an OpenSSF bundle over the file
    /// @param signer a public key or certificates, PEM
    /// @throws ArtifactException if the file is not signed (R1.6), no regular file or over the limit
    /// @throws IOException if one of them cannot be read
    public static TorchScriptFile read(Path model, Path signature, Path signer) throws IOException {
        String name = PinnedFile.name(model);
        if (!Files.exists(signature, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.format(
                    "file '%s' is TorchScript, which is code, and is not signed, there is no '%s': have it signed,"
                            + " redoubt models sign",
                    name, PinnedFile.name(signature));
        Arena arena = Arena.ofConfined();
        try {
            return new TorchScriptFile(
                    arena,
                    name,
                    PinnedFile.read(arena, model, TorchScriptReader.FILE_BYTES_MAX),
                    PinnedFile.read(arena, signature, SignatureBundle.BYTES_MAX).toArray(ValueLayout.JAVA_BYTE),
                    PinnedFile.read(arena, signer, SIGNER_BYTES_MAX).toArray(ValueLayout.JAVA_BYTE));
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /// Compares it with its digest and checks the signature; nothing in the archive is looked at.
    ///
    /// @param digest `sha256:` and 64 digits of lower-case hex
    /// @throws ArtifactException if the digest or the signer is another
    public void approve(String digest) {
        Signer ignored = signer(digest);
    }

    /// As [#approve], then reads all of it strictly.
    ///
    /// @return valid until this is closed
    /// @throws ArtifactException also if the archive is not as it must be
    public TorchScriptArtifact verify(String digest) {
        Signer by = signer(digest);
        TorchScriptReader.check(bytes);
        return new TorchScriptArtifact(bytes, by);
    }

    private Signer signer(String digest) {
        PinnedFile.checkDigest(digest);
        PinnedFile.require(digest, bytes, name);
        Signer by = Signer.ofPem(signer);
        var fact = new FileFact(bytes.byteSize(), Sha256.of(bytes));
        ModelSignature.check(signature, by, TimeSource.system().now())
                .matches(new ModelFiles(Map.of(name, bytes)), Map.of(name, fact), "");
        return by;
    }

    @Override
    public void close() {
        arena.close();
    }
}

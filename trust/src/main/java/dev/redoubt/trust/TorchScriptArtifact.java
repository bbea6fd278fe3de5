package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;

/// A TorchScript model whose bytes have the digest that was asked for, are signed by the signer that was asked
/// for and passed the strict reader. Only [TorchScriptFile#verify] makes one. Its source may do what libtorch
/// can: it runs in a process of its own, within limits.
public final class TorchScriptArtifact {
    private final MemorySegment bytes;
    private final Signer signer;

    TorchScriptArtifact(MemorySegment bytes, Signer signer) {
        this.bytes = bytes;
        this.signer = signer;
    }

    /// The whole file, read-only, outside of the Java heap; valid until its [TorchScriptFile] is
    /// closed.
    public MemorySegment bytes() {
        return bytes;
    }

    public Signer signer() {
        return signer;
    }
}

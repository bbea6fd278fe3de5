package dev.redoubt.engine.kvcache;

import java.nio.ByteBuffer;

/// The name of one full block and everything before it: a SHA-256 digest.
public record PrefixKey(long a, long b, long c, long d) {
    static PrefixKey of(ByteBuffer digest) {
        return new PrefixKey(digest.getLong(), digest.getLong(), digest.getLong(), digest.getLong());
    }

    void writeTo(ByteBuffer target) {
        target.putLong(a).putLong(b).putLong(c).putLong(d);
    }

    /// The digest is uniform already.
    @Override
    public int hashCode() {
        return (int) a;
    }
}

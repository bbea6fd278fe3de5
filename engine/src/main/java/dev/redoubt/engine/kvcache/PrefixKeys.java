package dev.redoubt.engine.kvcache;

import dev.redoubt.base.Check;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Makes the keys of the prefix cache: who may share a block is part of its name. [#scope] is safe for any
/// thread; [#key] is for one owner, one thread at a time.
public final class PrefixKeys {
    /* What is hashed, and why it cannot collide
     * -----------------------------------------
     * scope secret = HMAC-SHA-256(process secret, domain ‖ tenant ‖ principal ‖ end user)
     * block key    = SHA-256(domain ‖ scope secret ‖ parent key ‖ model digest ‖ adapter digest ‖ 16 token ids)
     *
     * Every part is written as one tag byte, its length in bytes, then the bytes; an absent part has a tag of its own and no
     * bytes. So no two different lists of parts give the same bytes, whatever they contain: a user named "x" is not the absent
     * user with another principal, an adapter "x" is not the base model in another scope (the flaw of vLLM #44701).
     * The process secret is random and never leaves this object: nobody can compute a key from outside, and keys of two
     * processes have nothing to do with each other. */
    private static final byte[] SCOPE_DOMAIN = "redoubt/cache-scope/1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BLOCK_DOMAIN = "redoubt/kv-block/1".getBytes(StandardCharsets.US_ASCII);
    private static final byte ABSENT = 0;
    private static final byte DOMAIN = 1;
    private static final byte TENANT = 2;
    private static final byte PRINCIPAL = 3;
    private static final byte END_USER = 4;
    private static final byte SCOPE_SECRET = 5;
    private static final byte PARENT = 6;
    private static final byte MODEL = 7;
    private static final byte ADAPTER = 8;
    private static final byte TOKENS = 9;
    static final int ADAPTER_DIGEST_CHARS_MAX = 64;
    private static final int SECRET_BYTES = 32;
    private static final int DIGEST_BYTES = 32;

    private final SecretKeySpec processSecret;
    private final byte[] model;
    private final MessageDigest sha256;
    private final ByteBuffer scratch;
    private final ByteBuffer digest = ByteBuffer.allocate(DIGEST_BYTES);

    /// @param modelDigest of the manifest of the weights
    /// @param random where the process secret comes from
    public PrefixKeys(String modelDigest, SecureRandom random) {
        byte[] secret = new byte[SECRET_BYTES];
        random.nextBytes(secret);
        this.processSecret = new SecretKeySpec(secret, "HmacSHA256");
        this.model = modelDigest.getBytes(StandardCharsets.UTF_8);
        this.sha256 = sha256();
        this.scratch = ByteBuffer.allocate(6 * 5
                + BLOCK_DOMAIN.length
                + SECRET_BYTES
                + DIGEST_BYTES
                + model.length
                + 2 * ADAPTER_DIGEST_CHARS_MAX
                + 4 * BlockPool.BLOCK_TOKENS);
    }

    /// The scope of a caller who asks the model itself.
    public CacheScope scope(String tenant, String principal, Optional<String> endUser) {
        byte[] tenantBytes = tenant.getBytes(StandardCharsets.UTF_8);
        byte[] principalBytes = principal.getBytes(StandardCharsets.UTF_8);
        byte[] userBytes = endUser.orElse("").getBytes(StandardCharsets.UTF_8);
        ByteBuffer parts = ByteBuffer.allocate(
                4 * 5 + SCOPE_DOMAIN.length + tenantBytes.length + principalBytes.length + userBytes.length);
        part(parts, DOMAIN, SCOPE_DOMAIN);
        part(parts, TENANT, tenantBytes);
        part(parts, PRINCIPAL, principalBytes);
        part(parts, endUser.isPresent() ? END_USER : ABSENT, userBytes);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(processSecret);
            return new CacheScope(tenant, principal, endUser, Optional.empty(), mac.doFinal(parts.array()));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every JDK has HmacSHA256", impossible);
        }
    }

    /// The key of one full block.
    ///
    /// @param parent of the block before it; null for the first
    /// @param tokens of the sequence; those from `from` on, 16 of them, are the block's
    public PrefixKey key(CacheScope scope, @Nullable PrefixKey parent, int[] tokens, int from) {
        Check.inRange("from", from, 0, tokens.length - BlockPool.BLOCK_TOKENS);
        scratch.clear();
        part(scratch, DOMAIN, BLOCK_DOMAIN);
        part(scratch, SCOPE_SECRET, scope.secret());
        scratch.put(parent == null ? ABSENT : PARENT).putInt(parent == null ? 0 : DIGEST_BYTES);
        if (parent != null) parent.writeTo(scratch);
        part(scratch, MODEL, model);
        putAdapter(scope.adapter());
        scratch.put(TOKENS).putInt(4 * BlockPool.BLOCK_TOKENS);
        for (int i = from; i < from + BlockPool.BLOCK_TOKENS; i++) scratch.putInt(tokens[i]);
        sha256.update(scratch.array(), 0, scratch.position());
        try {
            sha256.digest(digest.array(), 0, DIGEST_BYTES);
        } catch (DigestException impossible) {
            throw new IllegalStateException("a SHA-256 digest has 32 bytes", impossible);
        }
        return PrefixKey.of(digest.clear());
    }

    /// Two bytes a character: nothing is encoded in a step.
    private void putAdapter(Optional<String> adapter) {
        if (adapter.isEmpty()) {
            scratch.put(ABSENT).putInt(0);
            return;
        }
        String digest = adapter.get();
        scratch.put(ADAPTER).putInt(2 * digest.length());
        for (int i = 0; i < digest.length(); i++) scratch.putChar(digest.charAt(i));
    }

    private static void part(ByteBuffer target, byte tag, byte[] bytes) {
        target.put(tag).putInt(bytes.length).put(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }
}

package dev.redoubt.trust;

import dev.redoubt.trust.Manifest.FileFact;
import java.lang.foreign.MemorySegment;
import java.security.interfaces.ECPublicKey;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// A model's signature of the pinned signer, checked as far as it can be without the files. [#matches] does the
/// rest.
final class ModelSignature {
    /* In this order, so that nothing is interpreted before it is vouched for:
     *   1  size, strict JSON, exact types of bundle and payload        SignatureBundle.parse
     *   2  the signature over the payload's bytes, by the pinned key   here
     *   3  the payload: statement, policy, names                       SignedStatement.parse
     *   4  the set of files, listed without following links            ModelFiles.list, SignedStatement.differences
     *   5  their digests, over the pages that are used afterwards      ModelFiles.map, the same
     * Identity, floor and allow-list follow in StoreEntries and AllowList. */
    private final SignedStatement statement;

    private ModelSignature(SignedStatement statement) {
        this.statement = statement;
    }

    /// @param bundle the content of a `model.sig`
    /// @param now certificates must be valid
    /// @throws ArtifactException if the bundle is malformed, not by this signer, or says what policy forbids
    static ModelSignature check(byte[] bundle, Signer signer, Instant now) {
        SignatureBundle parsed = SignatureBundle.parse(bundle);
        ECPublicKey key = signer.keyFor(parsed.material(), now);
        if (!EcKeys.verifies(key, SignatureBundle.signedBytes(parsed.payload()), parsed.signature()))
            throw Refusals.files(
                    "the signature is not one of the pinned signer over these bytes: do not use the model");
        return new ModelSignature(SignedStatement.parse(parsed.payload()));
    }

    /// @param files of the model, and the signature where it lies among them
    /// @param facts what was hashed
    /// @param signatureFile the signature's own name among the files; empty if it lies elsewhere
    /// @throws ArtifactException unless the files are exactly those that were signed, naming those that differ
    void matches(ModelFiles files, Map<String, FileFact> facts, String signatureFile) {
        var covered = new TreeMap<String, MemorySegment>(files.byName());
        covered.remove(signatureFile);
        var digests = new HashMap<String, String>();
        for (String name : covered.keySet()) {
            FileFact fact = facts.get(name);
            if (fact != null) digests.put(name, fact.sha256());
        }
        Map<String, String> problems = statement.differences(new ModelFiles(covered), digests);
        if (!problems.isEmpty())
            throw Refusals.files(
                    "the model is not what was signed: %s: get it again from the signer", Verifier.summary(problems));
    }
}

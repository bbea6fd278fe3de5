package dev.redoubt.trust;

import dev.redoubt.base.Check;
import java.util.List;

/// A model that can be fetched by name: one file, pinned by its digest, with the places to look for it in
/// order.
///
/// @param name of the store entry it becomes
/// @param fileName inside the store
/// @param bytes exact size of the file
/// @param sha256 lower-case hex
/// @param licence SPDX identifier
public record CatalogueEntry(
        String name, String fileName, long bytes, String sha256, String licence, List<ModelSource> sources) {
    public CatalogueEntry {
        ModelName.check(name);
        Check.that(FolderPolicy.isPlainName(fileName), "fileName must be a plain file name: %s", fileName);
        Check.positive("bytes", bytes);
        Check.that(Sha256.isHex(sha256), "sha256 must be 64 lower-case hex digits: %s", sha256);
        sources = List.copyOf(sources);
    }

    /// The same file from other places.
    public CatalogueEntry from(ModelSource... others) {
        return new CatalogueEntry(name, fileName, bytes, sha256, licence, List.of(others));
    }
}

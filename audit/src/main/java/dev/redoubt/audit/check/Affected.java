package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.Release;
import dev.redoubt.audit.facts.Version;
import org.jspecify.annotations.Nullable;

/// The releases of a product in which something is so: a default, a flag that is read.
///
/// @param since the first; null: it always was
/// @param before the first in which it is not so any more; null: it still is
record Affected(
        Product product, @Nullable Version since, @Nullable Version before) {
    /// How far the releases that a project may run are among them.
    enum Reach {
        ALL,
        SOME,
        NONE
    }

    static Affected since(Product product, String version) {
        return new Affected(product, Version.of(version), null);
    }

    static Affected before(Product product, String version) {
        return new Affected(product, null, Version.of(version));
    }

    /// Where nobody states a release, the newest is meant.
    Reach in(Facts facts) {
        return facts.release(product).map(this::reach).orElse(before == null ? Reach.ALL : Reach.NONE);
    }

    private Reach reach(Release release) {
        boolean begins = since == null || release.since().compareTo(since) >= 0;
        boolean ends = before == null || release.before().compareTo(before) <= 0;
        if (begins && ends) return Reach.ALL;
        boolean earlier = since != null && release.before().compareTo(since) <= 0;
        boolean later = before != null && release.since().compareTo(before) >= 0;
        return earlier || later ? Reach.NONE : Reach.SOME;
    }

    /// The release that decided, for the end of a message.
    String decided(Facts facts) {
        return facts.release(product)
                .map(release -> " (" + product.shown() + " " + release + ")")
                .orElse(" (no version of " + product.shown() + " is stated: the newest is meant)");
    }

    @Override
    public String toString() {
        return product.shown() + (since == null ? "" : " since " + since) + (before == null ? "" : " before " + before);
    }
}

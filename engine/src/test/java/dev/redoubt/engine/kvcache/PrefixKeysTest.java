package dev.redoubt.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class PrefixKeysTest {
    private static final int[] TOKENS = new int[32];

    @Test
    void V1_1_everyPartOfTheKeyMatters() {
        SecureRandom random = fixed();
        PrefixKeys keys = new PrefixKeys("model", random);
        CacheScope scope = keys.scope("tenant", "key", Optional.empty());
        PrefixKey key = keys.key(scope, null, TOKENS, 0);
        Set<PrefixKey> all = new HashSet<>(List.of(
                key,
                keys.key(scope, key, TOKENS, 16), // another parent, the same tokens
                keys.key(scope, null, new int[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0),
                new PrefixKeys("model 2", fixed()).key(scope, null, TOKENS, 0),
                keys.key(scope.withAdapter(""), null, TOKENS, 0),
                keys.key(scope.withAdapter("adapter"), null, TOKENS, 0),
                new PrefixKeys("modeladapter", fixed()).key(scope, null, TOKENS, 0)));
        assertThat(all).hasSize(7);
        assertThat(new PrefixKeys("model", fixed()).key(scope, null, TOKENS, 0)).isEqualTo(key);
    }

    @Test
    void V1_1_scopesThatReadAlikeHaveDifferentKeys() {
        PrefixKeys keys = new PrefixKeys("model", fixed());
        List<CacheScope> scopes = List.of(
                keys.scope("a", "b", Optional.empty()),
                keys.scope("a", "b", Optional.of("")),
                keys.scope("a", "b", Optional.of("c")),
                keys.scope("a", "bc", Optional.empty()),
                keys.scope("ab", "", Optional.empty()),
                keys.scope("ab", "c", Optional.empty()),
                keys.scope("", "ab", Optional.of("c")));
        List<CacheScope> all = new ArrayList<>(scopes);
        for (CacheScope scope : scopes) {
            all.add(scope.withAdapter("a"));
            all.add(scope.withAdapter("b"));
        }
        assertThat(new HashSet<>(all)).hasSize(all.size());
        Set<PrefixKey> different = new HashSet<>();
        for (CacheScope scope : all) different.add(keys.key(scope, null, TOKENS, 0));
        assertThat(different).hasSize(all.size());
    }

    @Test
    void V1_1_anotherProcessMakesOtherKeys() {
        PrefixKeys here = new PrefixKeys("model", new SecureRandom());
        PrefixKeys there = new PrefixKeys("model", new SecureRandom());
        assertThat(here.key(here.scope("a", "b", Optional.empty()), null, TOKENS, 0))
                .isNotEqualTo(there.key(there.scope("a", "b", Optional.empty()), null, TOKENS, 0));
    }

    private static SecureRandom fixed() {
        return new SecureRandom() {
            private static final long serialVersionUID = 1L;

            @Override
            public void nextBytes(byte[] bytes) {
                java.util.Arrays.fill(bytes, (byte) 7);
            }
        };
    }
}

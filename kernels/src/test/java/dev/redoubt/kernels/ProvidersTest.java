package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ProvidersTest {
    @Test
    void autoSaysWhyItTakesTheSlowerOnes() {
        Kernels kernels = Providers.best(new NativeLibrary.Found.Absent("no gcc or clang when this was built"), 1, 32);
        assertThat(kernels.description())
                .startsWith("vector (")
                .endsWith("; native ones are not there: no gcc or clang when this was built");
        assertThat(Providers.open("vector", 1, 32).description()).doesNotContain("native");
    }

    @Test
    void anUnknownProviderIsNamedWithThoseThatThereAre() {
        assertThatThrownBy(() -> Providers.open("cuda", 1, 32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'cuda', known are auto, scalar, vector, native");
    }
}

package dev.redoubt.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class HomeTest {
    @Test
    void isBelowTheUsersHomeUnlessTheEnvironmentSaysOtherwise() {
        assertThat(Home.of(Map.of(), "/home/ada").root()).isEqualTo(Path.of("/home/ada/.redoubt"));
        assertThat(Home.of(Map.of("REDOUBT_HOME", " "), "/home/ada").root()).isEqualTo(Path.of("/home/ada/.redoubt"));
        assertThat(Home.of(Map.of("REDOUBT_HOME", "/srv/redoubt/../r"), "/home/ada")
                        .root())
                .isEqualTo(Path.of("/srv/r"));
    }
}

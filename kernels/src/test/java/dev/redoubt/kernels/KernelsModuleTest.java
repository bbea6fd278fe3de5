package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelsModuleTest {
    @Test
    void testsRunOnTheModulePathWithNativeAccessForThisModuleAlone() {
        Module module = Compute.class.getModule();
        assertThat(module.getName()).isEqualTo("dev.redoubt.kernels");
        assertThat(module.isNativeAccessEnabled()).isTrue();
        assertThat(module.getDescriptor().requires().stream().map(java.lang.module.ModuleDescriptor.Requires::name))
                .contains("jdk.incubator.vector");
    }
}

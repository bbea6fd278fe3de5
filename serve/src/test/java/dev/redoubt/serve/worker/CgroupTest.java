package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.spec.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On plain files that look like the kernel's.
class CgroupTest {
    @TempDir
    Path folder;

    private Path mount;
    private Path membership;

    @BeforeEach
    void lookLikeADelegatedGroup() throws IOException {
        mount = Files.createDirectory(folder.resolve("cgroup"));
        membership = Files.writeString(folder.resolve("self"), "0::/system.slice/redoubt.service\n");
        Files.writeString(mount.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
        Path own = Files.createDirectories(mount.resolve("system.slice/redoubt.service"));
        Files.writeString(own.resolve("cgroup.controllers"), "cpu memory pids\n");
        Files.writeString(own.resolve("cgroup.subtree_control"), "\n");
    }

    @Test
    void R4_2_aWorkerGetsAGroupWithItsLimits() throws Exception {
        Cgroup cgroup = Cgroup.find(mount, membership).orElseThrow();
        Path own = mount.resolve("system.slice/redoubt.service");
        assertThat(own.resolve("cgroup.subtree_control")).hasContent("+memory +cpu +pids");
        assertThat(own.resolve("redoubt-server/cgroup.procs"))
                .hasContent(String.valueOf(ProcessHandle.current().pid()));
        Cgroup.Group group = cgroup.add("a1", 4242, Resources.of(0.5, 1L << 30), 512);
        Path worker = own.resolve("redoubt-worker-a1");
        assertThat(worker.resolve("memory.max")).hasContent("1073741824");
        assertThat(worker.resolve("memory.swap.max")).hasContent("0");
        assertThat(worker.resolve("cpu.max")).hasContent("50000 100000");
        assertThat(worker.resolve("pids.max")).hasContent("512");
        assertThat(worker.resolve("cgroup.procs")).hasContent("4242");
        assertThat(group.outOfMemory()).isFalse();
        Files.writeString(worker.resolve("memory.events"), "low 0\noom 1\noom_kill 1\n");
        assertThat(group.outOfMemory()).isTrue();
    }

    @Test
    void versionOneIsNone() throws Exception {
        Files.delete(mount.resolve("cgroup.controllers"));
        assertThat(Cgroup.find(mount, membership)).isEmpty();
        Files.writeString(mount.resolve("cgroup.controllers"), "memory");
        Files.writeString(membership, "4:memory:/redoubt\n");
        assertThat(Cgroup.find(mount, membership)).isEmpty();
    }

    @Test
    void aGroupThatLacksAControllerIsNone() throws Exception {
        Files.writeString(mount.resolve("system.slice/redoubt.service/cgroup.controllers"), "cpu pids\n");
        assertThat(Cgroup.find(mount, membership)).isEmpty();
    }

    @Test
    void aMembershipThatLeavesTheMountIsNone() throws Exception {
        Files.writeString(membership, "0::/../../etc\n");
        assertThat(Cgroup.find(mount, membership)).isEmpty();
    }
}

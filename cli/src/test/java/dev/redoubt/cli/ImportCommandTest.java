package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImportCommandTest {
    @TempDir
    private Path folder;

    private Ran imported(String text) throws IOException {
        return Ran.command(
                folder.resolve("home"),
                "import",
                Files.writeString(folder.resolve("serve.yaml"), text).toString());
    }

    @Test
    void whatHasACounterpartIsTakenAndTheRestIsSaid() throws IOException {
        Ran ran = imported("""
                proxy_location: EveryNode
                http_options: {host: 0.0.0.0, port: 8000}
                grpc_options: {port: 9000}
                applications:
                  - name: default
                    route_prefix: /
                    import_path: shop:app
                    runtime_env: {}
                    deployments:
                      - name: Front
                        num_replicas: 2
                        max_ongoing_requests: 500
                        ray_actor_options: {num_cpus: 0.5, num_gpus: 1}
                      - name: Model
                        max_ongoing_requests: 20
                        max_queued_requests: 40
                        autoscaling_config: {min_replicas: 1, max_replicas: 4, upscale_delay_s: 3}
                        health_check_period_s: 5
                        user_config: {temperature: 0.5}
                """);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.out()).isEqualTo("""
                applications:
                  - name: imported
                    ingress: Front
                    deployments:
                      - name: Front
                        java: {class: CLASS, jar: JAR, digest: "sha256:DIGEST"}
                        cpu: 0.5
                        memory: 512MiB
                        max-ongoing-requests: 100
                        replicas: 2
                      - name: Model
                        java: {class: CLASS, jar: JAR, digest: "sha256:DIGEST"}
                        cpu: 1.0
                        memory: 512MiB
                        max-ongoing-requests: 20
                        max-queued-requests: 40
                        autoscaling: {max-replicas: 4, min-replicas: 1, target-ongoing-requests: 2.0, upscale-delay: 30s}
                        health-check: {period: 5000ms}
                        user-config: {"temperature":0.5}
                """);
        assertThat(ran.err().lines())
                .anyMatch(line -> line.contains("http_options.host 0.0.0.0"))
                .anyMatch(line -> line.equals("grpc_options has no counterpart and is left out"))
                .anyMatch(line -> line.equals("application 'default' is called 'imported' here (R4.1)"))
                .anyMatch(line -> line.contains("import_path shop:app is Python"))
                .anyMatch(line -> line.equals("imported: runtime_env has no counterpart and is left out"))
                .anyMatch(line -> line.equals("imported.Front: max_ongoing_requests 500 becomes 100 (R1.1, R2.4)"))
                .anyMatch(line ->
                        line.equals("imported.Front.ray_actor_options: num_gpus has no counterpart and is left out"))
                .anyMatch(line -> line.equals("imported.Model: upscale_delay_s 3.0 becomes 30 s (R2.3)"));
    }

    @Test
    void whatCannotBeTakenAsItIsIsSaidAndWhatComesOutIsOurs() throws IOException {
        Ran ran = imported("""
                proxy_location: HeadOnly
                http_options: {host: 127.0.0.1, port: 9000, root_path: /x}
                applications:
                  - 7
                  - name: metrics
                    import_path: a:b
                    deployments:
                      - name: "x y/../z\\u001b[31m"
                        num_replicas: two
                        max_concurrent_queries: 7
                        max_queued_requests: many
                        health_check_period_s: 60
                        health_check_timeout_s: .inf
                        graceful_shutdown_timeout_s: -5
                        ray_actor_options: {num_cpus: 0, memory: 2GB}
                      - name: "x y/../z\\u001b[31m"
                        num_replicas: 1000000000
                        max_ongoing_requests: -1
                        ray_actor_options: {num_cpus: 1.0e308}
                      - name: Auto
                        autoscaling_config: {min_replicas: 5, max_replicas: 2, upscale_delay_s: abc, target_ongoing_requests: 70}
                """);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        Path file = Files.writeString(
                folder.resolve("ours.yaml"),
                ran.out().replace("CLASS", "team.A").replace("JAR", "a.jar").replace("DIGEST", "0".repeat(64)));
        assertThat(ApplicationsFile.read(file)).singleElement().satisfies(spec -> {
            assertThat(spec.name()).isEqualTo("imported");
            assertThat(spec.deployments())
                    .extracting(one -> one.name())
                    .doesNotHaveDuplicates()
                    .hasSize(3);
            assertThat(spec.deployments().getFirst().ongoingMax()).isEqualTo(7);
        });
        assertThat(ran.out() + ran.err()).doesNotContain("\u001b");
        for (String said : new String[] {
            "applications[0] is no application",
            "proxy_location has no counterpart",
            "http_options.port is the server's",
            "http_options.root_path is the server's",
            "num_replicas \"two\" is no number of 0 to 100: 1 is taken",
            "num_replicas 1000000000 is no number of 0 to 100: 100 is taken",
            "max_queued_requests \"many\"",
            "health_check_period_s 60 is no number of 0.01 to 10.0: 10.0 is taken",
            "health_check_timeout_s",
            "graceful_shutdown_timeout_s -5 is no number",
            "num_cpus 0 is no number of 0.01 to 1024.0: 0.01 is taken",
            "memory \"2GB\" is no number",
            "max_ongoing_requests -1 is no number of 1 to 100000: 1 is taken",
            "min_replicas 5 is no number of 0 to 2: 2 is taken",
            "upscale_delay_s \"abc\" is no number",
            "target_ongoing_requests 70 is no number of 0.01 to 10.0: 10.0 is taken"
        }) assertThat(ran.err()).contains(said);
    }

    @Test
    void ofAKeyThatIsThereTwiceTheLastIsTakenAndItsPlaceIsSaid() throws IOException {
        Ran ran = imported("""
                applications:
                  - name: shop
                    import_path: shop:app
                    deployments:
                      - &small
                        name: Front
                        num_replicas: 2
                        num_replicas: 3
                        ray_actor_options: {num_cpus: 1}
                      - <<: *small
                        name: Back
                """);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.out()).contains("replicas: 3").doesNotContain("replicas: 2");
        assertThat(ran.err().lines().filter(line -> line.contains("more than once")))
                .containsExactly("applications[0].deployments[0].num_replicas is there more than once: the last one is"
                        + " taken, as Ray takes it; check");
    }

    @Test
    void whatComesOutIsReadByDeployOnceItsHandlersAreNamed() throws IOException {
        Ran ran = imported("applications: [{name: shop, import_path: 'a:b', deployments: [{name: A}]}]\n");
        Path file = Files.writeString(
                folder.resolve("ours.yaml"),
                ran.out().replace("CLASS", "team.A").replace("JAR", "a.jar").replace("DIGEST", "0".repeat(64)));
        assertThat(ApplicationsFile.read(file)).singleElement().satisfies(spec -> {
            assertThat(spec.name()).isEqualTo("shop");
            assertThat(spec.deployments().getFirst().ongoingMax()).isEqualTo(5);
        });
    }

    @Test
    void aFileWithoutApplicationsIsRefused() throws IOException {
        assertThat(imported("model: {name: tiny}\n").exitCode()).isEqualTo(ExitCode.FAILED.code());
        Ran broken = imported("applications: [\n");
        assertThat(broken.exitCode()).isEqualTo(ExitCode.FAILED.code());
        assertThat(broken.err()).contains("the file is no YAML");
    }

    @Test
    void theConfigurationInsideOfARayServiceIsFound() throws IOException {
        Ran ran = imported("""
                apiVersion: ray.io/v1
                kind: RayService
                metadata: {name: shop}
                spec:
                  serveConfigV2: |
                    applications:
                      - name: shop
                        import_path: shop:app
                        deployments:
                          - name: Front
                            max_ongoing_requests: 7
                """);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.out()).contains("- name: shop", "- name: Front", "max-ongoing-requests: 7");
    }

    @Test
    void aTemplateIsNotGuessed() throws IOException {
        assertThat(imported("applications: [{name: '{{ name }}', import_path: 'a:b'}]\n")
                        .err())
                .contains("render it first");
    }
}

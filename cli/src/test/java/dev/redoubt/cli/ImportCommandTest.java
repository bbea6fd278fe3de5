package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
                http: {port: 8000}
                applications:
                  - name: imported
                    ingress: Front
                    quota: {cpu: 3, memory: 2147483648}
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
                .anyMatch(line -> line.startsWith("grpc_options has no counterpart and is left out: http.grpc-port"))
                .anyMatch(line -> line.equals("application 'default' is called 'imported' here (R4.1)"))
                .anyMatch(line -> line.contains("import_path shop:app is Python"))
                .anyMatch(line -> line.startsWith("imported: runtime_env has no counterpart and is left out: "))
                .anyMatch(line -> line.equals("imported.Front: max_ongoing_requests 500 becomes 100 (R1.1, R2.4)"))
                .anyMatch(line -> line.startsWith(
                        "imported.Front.ray_actor_options: num_gpus has no counterpart and is left out"))
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
        assertThat(read(ran)).singleElement().satisfies(spec -> {
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
            "http_options: root_path has no counterpart and is left out: an application is at /NAME",
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

    /// What `ran` wrote, once its handlers are named, as a deploy reads it.
    private List<ApplicationSpec> read(Ran ran) throws IOException {
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        return ApplicationsFile.read(Files.writeString(
                folder.resolve("ours.yaml"),
                ran.out().replace("CLASS", "team.A").replace("JAR", "a.jar").replace("DIGEST", "0".repeat(64))));
    }

    @Test
    void whatTheServerHasIsTakenIntoItsOwnSettings() throws IOException {
        Ran ran = imported("""
                proxy_location: EveryNode
                http_options: {host: 127.0.0.1, port: 9123, request_timeout_s: 12.5, keep_alive_timeout_s: 90}
                logging_config: {log_level: DEBUG}
                applications:
                  - {name: one, route_prefix: null, import_path: "a:b", args: {x: 1}, deployments: [{name: A}]}
                  - {name: two, route_prefix: /two, import_path: "c:d", deployments: [{name: A}]}
                """);
        assertThat(ran.out()).startsWith("http: {port: 9123}\nlimits: {request-timeout: 12500ms}\napplications:\n");
        assertThat(read(ran)).extracting(ApplicationSpec::name).containsExactly("one", "two");
        assertThat(ran.err().lines())
                .anyMatch(line -> line.startsWith("proxy_location has no counterpart"))
                .anyMatch(line -> line.startsWith("logging_config has no counterpart and is left out: the access log"))
                .anyMatch(line -> line.startsWith("http_options: keep_alive_timeout_s has no counterpart"))
                .anyMatch(line -> line.startsWith("one: route_prefix null becomes /one"))
                .anyMatch(line -> line.startsWith("one: args has no counterpart and is left out: a handler takes"))
                .noneMatch(line -> line.contains("port")
                        && !line.startsWith("one: import_path")
                        && !line.startsWith("two: import_path"))
                .noneMatch(line -> line.startsWith("two: route_prefix"));
        Ran slow = imported("""
                http_options: {port: 99999, request_timeout_s: 600}
                applications: [{name: one, import_path: "a:b", deployments: [{name: A}]}]
                """);
        assertThat(slow.out()).startsWith("http: {port: 65535}\nlimits: {request-timeout: 30000ms}\n");
        assertThat(slow.err())
                .contains(
                        "http_options: port 99999 is no number of 0 to 65535: 65535 is taken",
                        "http_options: request_timeout_s 600 is no number of 1.0 to 30.0: 30.0 is taken");
    }

    @Test
    void whatHoldsNoApplicationIsNoConfigurationOfOurs() throws IOException {
        Ran ran = imported("applications: [a]\n");
        assertThat(ran.exitCode()).isEqualTo(ExitCode.FAILED.code());
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err())
                .contains("applications[0] is no application", "has no application that can be taken: list some");
    }

    @Test
    void languageModelsOfRayAreDeploymentsOfOurs() throws IOException {
        Ran ran = imported("""
                applications:
                  - name: llms
                    route_prefix: /
                    import_path: ray.serve.llm:build_openai_app
                    args:
                      llm_configs:
                        - model_loading_config: {model_id: Qwen-0.5B, model_source: Qwen/Qwen2.5-0.5B-Instruct}
                          accelerator_type: A10G
                          deployment_config:
                            autoscaling_config: {min_replicas: 1, max_replicas: 2, target_ongoing_requests: 8}
                            max_ongoing_requests: 16
                            max_queued_requests: 32
                            ray_actor_options: {num_cpus: 2, memory: 2147483648}
                          engine_kwargs: {tensor_parallel_size: 2, max_model_len: 8192}
                        - model_loading_config: {model_id: stories}
                        - ./more.yaml
                """);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.out()).isEqualTo("""
                applications:
                  - name: llms
                    quota: {cpu: 4, memory: 4294967296}
                    deployments:
                      - name: Chat
                        llm: {model: qwen-0.5b}
                        cpu: 2.0
                        memory: 2147483648
                        max-ongoing-requests: 16
                        max-queued-requests: 32
                        autoscaling: {max-replicas: 2, min-replicas: 1, target-ongoing-requests: 8.0}
                  - name: stories
                    quota: {cpu: 2, memory: 1073741824}
                    deployments:
                      - name: Chat
                        llm: {model: stories}
                        cpu: 1.0
                        memory: 512MiB
                        max-ongoing-requests: 5
                        replicas: 1
                """);
        assertThat(ran.err().lines())
                .anyMatch(line -> line.contains("create a key for each"))
                .anyMatch(line -> line.contains(
                        "\"Qwen/Qwen2.5-0.5B-Instruct\" here: redoubt models add PATH" + " --name qwen-0.5b"))
                .anyMatch(line -> line.contains("\"Qwen-0.5B\" is called 'qwen-0.5b' here"))
                .anyMatch(line -> line.contains("engine_kwargs: tensor_parallel_size has no counterpart"))
                .anyMatch(line -> line.contains("engine.max-model-len says it"))
                .anyMatch(line -> line.contains("accelerator_type has no counterpart"))
                .anyMatch(line -> line.contains("llm_configs names \"./more.yaml\""))
                .noneMatch(line -> line.contains("is Python"));
    }

    @Test
    void autoscalingIsTakenAsRayMeansIt() throws IOException {
        Ran ran = imported("""
                applications:
                  - name: shop
                    import_path: shop:app
                    deployments:
                      - {name: Word, num_replicas: auto}
                      - {name: Least, autoscaling_config: {target_num_ongoing_requests_per_replica: 4, smoothing_factor: 0.5}}
                      - name: Full
                        num_replicas: 3
                        autoscaling_config:
                          {min_replicas: 0, max_replicas: 6, initial_replicas: 2, look_back_period_s: 60,
                           downscale_delay_s: 120, downscale_to_zero_delay_s: 300, upscaling_factor: 2.0,
                           downscale_smoothing_factor: 0.25, metrics_interval_s: 5, aggregation_function: max}
                """);
        assertThat(ran.out())
                .contains(
                        "autoscaling: {max-replicas: 100, min-replicas: 1, target-ongoing-requests: 2.0}",
                        "autoscaling: {max-replicas: 1, min-replicas: 1, target-ongoing-requests: 4.0,"
                                + " upscaling-factor: 0.5, downscaling-factor: 0.5}",
                        "autoscaling: {max-replicas: 6, min-replicas: 0, target-ongoing-requests: 2.0,"
                                + " downscale-delay: 120s, downscale-to-zero-delay: 300s, look-back: 60000ms,"
                                + " upscaling-factor: 2.0, downscaling-factor: 0.25}");
        assertThat(read(ran)).hasSize(1);
        assertThat(ran.err().lines())
                .contains(
                        "shop.Full: num_replicas 3 is left out for autoscaling_config",
                        "shop.Full.autoscaling_config: initial_replicas has no counterpart and is left out: it begins"
                                + " with min-replicas")
                .anyMatch(line -> line.contains("metrics_interval_s has no counterpart"))
                .anyMatch(line -> line.contains("aggregation_function has no counterpart"))
                .noneMatch(line -> line.contains("smoothing_factor") || line.contains("target_num"));
    }

    @Test
    void whatAReplicaHasIsTakenOrSaid() throws IOException {
        Ran ran = imported("""
                applications:
                  - name: shop
                    import_path: shop:app
                    deployments:
                      - name: Front
                        ray_actor_options: {num_cpus: 2, memory: 1.0e9, num_gpus: 0.5, resources: {TPU: 1}}
                        user_config: [1, 2]
                        logging_config: {log_level: DEBUG}
                        graceful_shutdown_wait_loop_s: 2
                        health_check_period_s: null
                        max_replicas_per_node: 1
                      - name: Back
                        ray_actor_options: {memory: 1000}
                        user_config: {deep: {list: [1, {a: b}]}, text: "x: y"}
                """);
        assertThat(ran.out()).contains("memory: 1000000000", "memory: 16777216").doesNotContain("health-check");
        assertThat(read(ran).getFirst().deployments().getLast().userConfig())
                .isEqualTo("{\"deep\":{\"list\":[1,{\"a\":\"b\"}]},\"text\":\"x: y\"}");
        assertThat(ran.err().lines())
                .contains(
                        "shop.Front: user_config is no map, and is left out: put it into one, as fields of a record",
                        "shop.Back: memory 1000 becomes 16777216, a replica has no less")
                .anyMatch(line -> line.startsWith("shop.Front.ray_actor_options: num_gpus has no counterpart"))
                .anyMatch(line -> line.startsWith("shop.Front.ray_actor_options: resources has no counterpart"))
                .anyMatch(line -> line.startsWith("shop.Front: logging_config has no counterpart"))
                .anyMatch(line -> line.startsWith("shop.Front: graceful_shutdown_wait_loop_s has no counterpart"))
                .anyMatch(line -> line.startsWith("shop.Front: max_replicas_per_node has no counterpart"));
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
        assertThat(read(ran)).singleElement().satisfies(spec -> {
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

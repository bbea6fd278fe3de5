package dev.redoubt.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What one file leaves open and another one of the project states.
class ElsewhereTest {
    @TempDir
    private Path folder;

    private void write(String path, String text) throws IOException {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /// The checks that warn.
    private List<String> warnings() throws InterruptedException {
        return new Audit(Level.WARNING, Set.of())
                .run(List.of(folder)).findings().stream()
                        .map(finding -> finding.check().id())
                        .toList();
    }

    private void code(String arguments) throws IOException {
        write("app/model.py", """
                import torch
                from ray import serve


                @serve.deployment(ARGUMENTS)
                class Model:
                    def check_health(self): pass


                app = Model.bind()
                """.replace("ARGUMENTS", arguments));
    }

    private static final String PART = """
            - name: model
              import_path: app.model:app
              deployments:
                - name: NAME
                  autoscaling_config: {max_replicas: 4}
                  ray_actor_options: {num_cpus: 8, memory: 12884901888}
            """;

    @ParameterizedTest
    @ValueSource(strings = {"", "http_options: {host: 127.0.0.1, request_timeout_s: 30}\napplications:\n"})
    void R1_1_whatAConfigurationStatesCodeNeedNot(String head) throws Exception {
        code("num_replicas='auto'");
        assertThat(warnings()).contains("R1.1/resource-limits", "R2.1/max-replicas", "R2.4/autoscaling-without-limits");
        write("helm/model.yaml", head + PART.replace("NAME", "Other"));
        assertThat(warnings()).contains("R1.1/resource-limits", "R2.1/max-replicas", "R2.4/autoscaling-without-limits");
        write("helm/model.yaml", head + PART.replace("NAME", "Model"));
        assertThat(warnings())
                .doesNotContain("R1.1/resource-limits", "R2.1/max-replicas", "R2.4/autoscaling-without-limits");
    }

    @Test
    void R1_1_whatBothLeaveOutIsNamed() throws Exception {
        code("");
        write(
                "serve.yaml",
                "- import_path: app.model:app\n  deployments: [{name: Model, ray_actor_options: {num_cpus: 2}}]\n");
        assertThat(new Audit(Level.WARNING, Set.of()).run(List.of(folder)).findings())
                .filteredOn(finding -> finding.check().id().equals("R1.1/resource-limits"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("Model states no memory, nor does"));
    }

    @Test
    void R1_2_whatAProcfileStartsStandsBehindARouter() throws Exception {
        write("Procfile", "web: uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000}\n");
        assertThat(warnings()).doesNotContain("R1.2/public-bind");
    }

    @Test
    void R1_2_flysEdgeHasTls() throws Exception {
        write("start.sh", "vllm serve /models/a --host 0.0.0.0\n");
        assertThat(warnings()).contains("R1.2/public-bind");
        write("fly.toml", "[http_service]\ninternal_port = 8000\nforce_https = true\n");
        assertThat(warnings()).doesNotContain("R1.2/public-bind").contains("V5.3/server-without-key");
    }

    @Test
    void R1_1_theNameIsTheOneThatTheDecoratorStates() throws Exception {
        code("name='front'");
        write("model.yaml", PART.replace("NAME", "Model"));
        assertThat(warnings()).contains("R1.1/resource-limits");
        write("model.yaml", PART.replace("NAME", "front"));
        assertThat(warnings()).doesNotContain("R1.1/resource-limits");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "apiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nplugin: key-auth\n",
                "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n",
            })
    void V5_3_aGatewayMayAskForKeysBeforeAPodDoes(String gateway) throws Exception {
        write("engine/pod.yaml", """
                apiVersion: v1
                kind: Pod
                spec:
                  containers:
                    - name: engine
                      image: vllm/vllm-openai:v0.11.0
                """);
        write("serve.sh", "vllm serve /models/a\n");
        assertThat(warnings().stream().filter("V5.3/server-without-key"::equals))
                .hasSize(2);
        write("elsewhere/gateway.yaml", gateway);
        assertThat(warnings().stream().filter("V5.3/server-without-key"::equals))
                .hasSize(2);
        write("engine/admin/gateway.yaml", gateway);
        assertThat(warnings().stream().filter("V5.3/server-without-key"::equals))
                .hasSize(1);
    }

    @Test
    void V5_3_servicesOfAnyscaleAskForTokens() throws Exception {
        write("app.py", """
                import torch
                from fastapi import FastAPI
                from ray import serve
                app = FastAPI()


                @serve.deployment
                @serve.ingress(app)
                class Model:
                    @app.post("/ask")
                    def ask(self, text: str): return text
                """);
        assertThat(warnings()).contains("V5.3/route-without-key");
        write("Dockerfile", "FROM anyscale/ray:2.44.0-py311\n");
        assertThat(warnings()).doesNotContain("V5.3/route-without-key");
    }

    private static final String HELLO = """
            from fastapi import FastAPI
            from ray import serve

            app = FastAPI()


            @serve.deployment
            @serve.ingress(app)
            class Hello:
                @app.post("/hello")
                def hello(self, name: str): return f"Hello {name}"


            hello = Hello.bind()
            """;

    @Test
    void R1_1_aProgramThatCanHaveNoModelIsANote() throws Exception {
        write("hello.py", HELLO);
        write("serve.yaml", "applications: [{name: hello, import_path: 'hello:hello'}]\n");
        assertThat(warnings()).isEmpty();
        write("hello.py", "from answers import answer\n" + HELLO);
        write("answers.py", "def answer(): return 1\n");
        assertThat(warnings()).isEmpty();
        write("answers.py", "import torch\n");
        assertThat(warnings()).contains("R1.1/resource-limits", "R1.3/request-timeout", "V5.3/route-without-key");
        write("answers.py", "import somebodys_models\nmodel = somebodys_models.model()\n");
        assertThat(warnings()).contains("R1.1/resource-limits");
        write("answers.py", "def answer(): return 'which model predicts, of all models: the llm'\n");
        assertThat(warnings()).as("what asks nobody").isEmpty();
        write(
                "answers.py",
                "import httpx\ndef answer(): return httpx.post(URL, json={'predict': 1})\n# of the model, the llm, its embeddings\n");
        assertThat(warnings()).contains("R1.1/resource-limits");
    }

    @Test
    void R1_2_anApplicationThatIsNamedInATextIsAPartOfTheProgram() throws Exception {
        write("main.py", "import uvicorn\nuvicorn.run('src.server:app', host='0.0.0.0')\n");
        write("src/server.py", "from fastapi import FastAPI\napp = FastAPI()\n");
        assertThat(warnings()).isEmpty();
        write("src/server.py", "import openai\nfrom fastapi import FastAPI\napp = FastAPI()\n");
        assertThat(warnings()).contains("R1.2/public-bind");
    }

    @Test
    void R1_2_aCommandThatStartsAProgramWithoutAModelIsANote() throws Exception {
        write("tools/server.py", "from fastapi import FastAPI\napp = FastAPI()\n");
        write("other.py", "import vllm\n");
        write("start.sh", "uvicorn tools.server:app --host 0.0.0.0\n");
        assertThat(warnings()).isEmpty();
        write("tools/server.py", "import openai\nfrom fastapi import FastAPI\napp = FastAPI()\n");
        assertThat(warnings()).contains("R1.2/public-bind");
    }

    @Test
    void R1_1_whatNothingBindsIsANote() throws Exception {
        code("");
        assertThat(warnings()).contains("R1.1/resource-limits");
        Files.writeString(
                folder.resolve("app/model.py"),
                Files.readString(folder.resolve("app/model.py")).replace("app = Model.bind()", ""));
        assertThat(warnings()).doesNotContain("R1.1/resource-limits");
        write("main.py", "import torch\nfrom app.model import Model\n");
        assertThat(warnings()).contains("R1.1/resource-limits");
    }

    @Test
    void V5_3_rayServeListensOnLoopbackUnlessAFileSaysMore() throws Exception {
        write("app.py", "import torch\n" + HELLO + "serve.run(hello)\n");
        assertThat(warnings()).doesNotContain("V5.3/route-without-key");
        write("serve.yaml", "applications: [{name: hello, import_path: 'app:hello'}]\n");
        assertThat(warnings()).contains("V5.3/route-without-key");
    }

    @Test
    void R1_3_webSocketsLast() throws Exception {
        String socket = "import torch\n" + HELLO.replace("@app.post(\"/hello\")", "@app.websocket(\"/\")");
        write("app.py", socket);
        write("serve.yaml", "applications: [{name: hello, import_path: 'app:hello'}]\n");
        assertThat(warnings()).doesNotContain("R1.3/request-timeout");
        write("app.py", "import torch\n" + HELLO);
        assertThat(warnings()).contains("R1.3/request-timeout");
    }

    private static final String POD = """
            apiVersion: apps/v1
            kind: Deployment
            spec:
              selector: {matchLabels: {app: vllm}}
              template:
                metadata: {labels: {app: vllm}}
                spec:
                  containers:
                    - name: vllm
                      image: vllm/vllm-openai:v0.10.0
                      args: [--model, /models/a]
            """;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kind: NetworkPolicy\nspec:\n  podSelector:\n    matchLabels:\n      app: APP\n  ingress: []\n",
                "  kind = \"NetworkPolicy\"\n  spec = {\n    podSelector = { matchLabels = { app = \"APP\" } }\n  }\n"
            })
    void R1_2_aNetworkPolicyThatIsForThePodMayKeepOthersAway(String policy) throws Exception {
        String file = policy.contains("=") ? "infra/policy.tf" : "policy.yaml";
        write("pods/vllm.yaml", POD);
        assertThat(warnings()).contains("R1.2/public-bind", "V5.3/server-without-key");
        write(file, policy.replace("APP", "other"));
        assertThat(warnings()).contains("R1.2/public-bind", "V5.3/server-without-key");
        write(file, policy.replace("APP", "vllm"));
        assertThat(warnings()).doesNotContain("R1.2/public-bind", "V5.3/server-without-key");
    }

    @Test
    void V5_3_theGatewayOfTheManifestThatDeploysAProgramIsAskedToo() throws Exception {
        write("code/model.py", "import torch\n" + HELLO);
        write("deploy/serve.yaml", "applications: [{name: hello, import_path: 'code.model:hello'}]\n");
        assertThat(warnings()).contains("V5.3/route-without-key");
        write("deploy/gate.yaml", "kind: AuthorizationPolicy\n");
        assertThat(warnings()).doesNotContain("V5.3/route-without-key");
    }

    @Test
    void R1_3_theProgramBesideAConfigurationIsMeantFirst() throws Exception {
        write("a/app.py", HELLO);
        write("b/app.py", "import torch\n" + HELLO);
        write("b/serve.yaml", "applications: [{name: hello, import_path: 'app:hello'}]\n");
        assertThat(warnings()).contains("R1.3/request-timeout");
        write("a/serve.yaml", "applications: [{name: hello, import_path: 'app:hello'}]\n");
        write("b/serve.yaml", "");
        assertThat(warnings()).doesNotContain("R1.3/request-timeout");
    }

    @Test
    void R1_3_theFruitsOfKubeRaysDocumentationAreNoModel() throws Exception {
        String service = """
                applications:
                  - name: fruit
                    import_path: fruit.deployment_graph
                    runtime_env: {working_dir: "https://github.com/REPOSITORY/archive/main.zip"}
                """;
        write("serve.yaml", service.replace("REPOSITORY", "ray-project/test_dag"));
        assertThat(warnings()).isEmpty();
        write("serve.yaml", "applications: [{name: fruit, import_path: ray.serve.tests.fruit.app}]\n");
        assertThat(warnings()).isEmpty();
        write("serve.yaml", service.replace("REPOSITORY", "somebody/models"));
        assertThat(warnings()).contains("R1.3/request-timeout");
    }

    @Test
    void R1_1_aProgramThatHardlySpeaksOfModelsHasNone() throws Exception {
        String program = "import twilio\nimport requests\n" + HELLO;
        write("hello.py", program);
        assertThat(warnings()).isEmpty();
        write("hello.py", program + "\n# generates the model's completion: /v1/ of the model\n");
        assertThat(warnings()).contains("R1.1/resource-limits");
        write("hello.py", program + "import somewhere\n");
        write("somewhere.py", "import openai\n");
        assertThat(warnings()).contains("R1.1/resource-limits");
    }

    @Test
    void whichFileIsNamedDoesNotHangOnWhichThreadReadIt() throws Exception {
        code("");
        for (int i = 0; i < 40; i++)
            write(
                    "config-%02d.yaml".formatted(i),
                    "- import_path: app.model:app\n  deployments: [{name: Model, ray_actor_options: {num_cpus: 2}}]\n");
        for (int i = 0; i < 20; i++)
            assertThat(new Audit(Level.WARNING, Set.of()).run(List.of(folder)).findings())
                    .filteredOn(finding -> finding.check().id().equals("R1.1/resource-limits"))
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.message()).contains("config-00.yaml"));
    }
}

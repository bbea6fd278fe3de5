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
import org.junit.jupiter.params.provider.CsvSource;

/// The same code under different releases of vLLM and Ray.
class ReleasesTest {
    @TempDir
    private Path folder;

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /// What a check says of the project, with its level.
    private List<String> said(String check) throws InterruptedException {
        return new Audit(Level.NOTE, Set.of())
                .run(List.of(folder)).findings().stream()
                        .filter(finding -> finding.check().id().equals(check))
                        .map(finding -> finding.level().word() + " " + finding.message())
                        .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "requirements.txt        | vllm==0.7.3                                    | off",
                "requirements.txt        | vllm[audio] == 0.8.0                           | on",
                "requirements-gpu.txt    | vllm>=0.6,<0.8                                 | off",
                "requirements.txt        | vllm>=0.6                                      | may be",
                "requirements.txt        | vllm~=0.6.3                                    | off",
                "requirements.txt        | vllm<0.7                                       | off",
                "requirements.txt        | vllm-flash-attn==0.2.6                         | newest",
                "requirements.txt        | vllm                                           | newest",
                "pyproject.toml          | dependencies = [\"vllm>=0.9.1\"]               | on",
                "pyproject.toml          | vllm = \"^0.6.3\"                              | off",
                "pyproject.toml          | vllm = {version = \"0.6.3\", optional = true}  | off",
                "setup.cfg               | install_requires = vllm==0.6.6                 | off",
                "Dockerfile              | FROM vllm/vllm-openai:v0.6.6.post1             | off",
                "Dockerfile              | RUN pip install 'vllm==0.11.0'                 | on",
                "Dockerfile              | FROM vllm/vllm-openai:latest                   | newest",
                "docker-compose.yml      | services: {a: {image: 'vllm/vllm-openai:v0.7.2'}} | off",
            })
    void V1_1_whetherPrefixesAreCachedByDefaultIsAQuestionOfTheRelease(String file, String text, String caching)
            throws Exception {
        write(file.strip(), text + "\n");
        write("app/deep/main.py", "from vllm import LLM\nllm = LLM(\"/models/a\")\n");
        List<String> said = said("V1.1/shared-prefix-cache").stream()
                .filter(one -> !one.contains("this file"))
                .toList();
        switch (caching) {
            case "off" -> assertThat(said).isEmpty();
            case "on" -> assertThat(said).singleElement().asString().contains("it is on", "(vLLM ", file.strip());
            case "may be" -> assertThat(said).singleElement().asString().contains("it may be on", "0.6.0 or later");
            default -> assertThat(said).anyMatch(one -> one.contains("it is on") && one.contains("newest"));
        }
    }

    @Test
    void V1_1_keysThatCollideAreSaidOfReleasesThatMakeThem() throws Exception {
        write("main.py", "from vllm import LLM\nllm = LLM(\"/models/a\", enable_prefix_caching=True)\n");
        assertThat(said("V1.1/shared-prefix-cache")).containsExactly("warning all callers share one prefix cache");
        write("requirements.txt", "vllm==0.7.1\n");
        assertThat(said("V1.1/shared-prefix-cache"))
                .containsExactly(
                        "warning all callers share one prefix cache, and its keys can be made to collide (vLLM 0.7.1, requirements.txt)");
    }

    @Test
    void V1_1_theImageOfAnotherProductSaysNothingOfVllm() throws Exception {
        String pod = "spec:\n  containers:\n    - name: a\n      image: IMAGE\n      args: [--model, /models/a]\n";
        write("pod.yaml", pod.replace("IMAGE", "vllm/vllm-openai:v0.7.1"));
        assertThat(said("V1.1/shared-prefix-cache")).isEmpty(); // not on by default
        write("pod.yaml", pod.replace("IMAGE", "lmcache/vllm-openai:v0.3.5"));
        assertThat(said("V1.1/shared-prefix-cache"))
                .singleElement()
                .asString()
                .contains("no version of vLLM is stated");
    }

    @Test
    void V1_6_aServerLogsRequestsByDefaultBefore0_10_1() throws Exception {
        write("serve.sh", "vllm serve /models/a\n");
        assertThat(said("V1.6/request-logging")).isEmpty();
        write("serve.sh", "pip install vllm==0.9.2\nvllm serve /models/a\n");
        assertThat(said("V1.6/request-logging"))
                .containsExactly(
                        "warning disable_log_requests is not stated, which writes what callers send into the log (vLLM 0.9.2, this file)");
        write("serve.sh", "pip install vllm==0.10.1\nvllm serve /models/a\n");
        assertThat(said("V1.6/request-logging")).isEmpty();
        write("serve.sh", "pip install 'vllm>=0.9'\nvllm serve /models/a\n");
        assertThat(said("V1.6/request-logging")).singleElement().asString().startsWith("note ");
    }

    @Test
    void V1_6_disablingIsReadBefore0_12() throws Exception {
        write("main.py", "from vllm import AsyncEngineArgs\na = AsyncEngineArgs(\"/m\", disable_log_requests=False)\n");
        assertThat(said("V1.6/request-logging")).singleElement().asString().startsWith("note ");
        write("requirements.txt", "vllm==0.11.2");
        assertThat(said("V1.6/request-logging")).singleElement().asString().startsWith("warning ");
        write("requirements.txt", "vllm==0.12.0");
        assertThat(said("V1.6/request-logging")).isEmpty();
    }

    @Test
    void V2_2_nothingSwapsSinceTheV1Engine() throws Exception {
        write("main.py", "from vllm import LLM\nllm = LLM(\"/models/a\", swap_space=4)\n");
        assertThat(said("V2.2/swap-space"))
                .containsExactly(
                        "note swap_space is not used by the V1 engine, and stating it misleads (no version of vLLM is stated: the newest is meant)");
        write("requirements.txt", "vllm==0.6.3");
        assertThat(said("V2.2/swap-space"))
                .containsExactly(
                        "warning swap_space is 4 GiB: KV of callers leaves locked memory (vLLM 0.6.3, requirements.txt)");
    }

    @Test
    void V2_3_aQueueCanBeBoundedSince0_29() throws Exception {
        String rest =
                " --max-model-len 4096 --max-num-seqs 64 --max-num-batched-tokens 4096 --gpu-memory-utilization 0.8";
        write("serve.sh", "vllm serve /models/a" + rest + "\n");
        assertThat(said("V2.3/unstated-limits")).singleElement().asString().contains("max_num_queued_reqs");
        write("requirements.txt", "vllm==0.28.0");
        assertThat(said("V2.3/unstated-limits")).isEmpty();
        write("requirements.txt", "vllm==0.29.0");
        assertThat(said("V2.3/unstated-limits")).hasSize(1);
        write("serve.sh", "vllm serve /models/a" + rest + " --max-num-queued-reqs 64\n");
        assertThat(said("V2.3/unstated-limits")).isEmpty();
    }

    @Test
    void R1_2_tokensOfTheDashboardAreReadSinceRay2_52() throws Exception {
        write("start.sh", "export RAY_AUTH_MODE=token\nray start --head --dashboard-host 0.0.0.0\n");
        write("requirements.txt", "ray[serve]==2.51.0");
        assertThat(said("R1.2/public-dashboard"))
                .singleElement()
                .asString()
                .startsWith("error ")
                .contains("2.51.0, requirements.txt");
        write("requirements.txt", "ray[serve]==2.52.0");
        assertThat(said("R1.2/public-dashboard"))
                .singleElement()
                .asString()
                .startsWith("warning ")
                .contains("one token");
    }

    @Test
    void R1_2_haproxyListensEverywhereSinceRay2_55() throws Exception {
        write("start.sh", "export RAY_SERVE_ENABLE_HA_PROXY=1\n");
        write("cluster.yaml", "spec: {rayVersion: '2.54.0'}\n");
        assertThat(said("R1.2/public-bind")).singleElement().asString().contains("newest");
        write("Dockerfile", "FROM rayproject/ray:2.54.0\n");
        assertThat(said("R1.2/public-bind")).isEmpty();
        write("Dockerfile", "FROM rayproject/ray:2.55.1-py311\n");
        assertThat(said("R1.2/public-bind")).singleElement().asString().contains("Ray 2.55.1, Dockerfile");
    }

    @Test
    void theNearestFolderThatSaysSomethingIsMeant() throws Exception {
        write("requirements.txt", "vllm==0.12.0");
        write("old/requirements.txt", "vllm==0.6.0");
        write("old/main.py", "from vllm import LLM\nllm = LLM(\"/models/a\", swap_space=4)\n");
        assertThat(said("V2.2/swap-space")).singleElement().asString().contains("(vLLM 0.6.0, requirements.txt)");
    }

    @Test
    void filesThatSayDifferentThingsLeaveBothPossible() throws Exception {
        write("requirements.txt", "vllm==0.6.0");
        write("Dockerfile", "RUN pip install vllm==0.19.0");
        write("main.py", "from vllm import LLM\nllm = LLM(\"/models/a\", swap_space=4)\n");
        assertThat(said("V2.2/swap-space"))
                .singleElement()
                .asString()
                .startsWith("note swap_space is 4 GiB")
                .contains("0.6.0 to before 0.19.1");
    }

    /// What is installed decides, beside a project file that allows more.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "poetry.lock          | [[package]]~name = \"vllm\"~version = \"0.7.3\"~description = \"\"",
                "uv.lock              | [[package]]~name = \"vllm\"~version = \"0.7.3\"~source = { }",
                "pdm.lock             | [[package]]~name = \"vllm\"~version = \"0.7.3\"",
                "Pipfile.lock         | {\"default\": {\"vllm\": {\"hashes\": [\"sha256:aa\"], \"version\": \"==0.7.3\"}}}",
            })
    void V1_1_aLockFileSaysWhichReleaseIsInstalled(String file, String text) throws Exception {
        write("pyproject.toml", "dependencies = [\"vllm>=0.6\"]\n");
        write(file.strip(), text.strip().replace('~', '\n') + "\n");
        write("app/main.py", "from vllm import LLM\nllm = LLM(\"/models/a\")\n");
        assertThat(said("V1.1/shared-prefix-cache")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "environment.yml      | dependencies:~  - vllm=0.7.3",
                "conda-gpu.yaml       | dependencies:~  - conda-forge::vllm=0.7.3",
                "environment.yaml     | dependencies:~  - pip:~    - vllm==0.7.3",
                "requirements.txt     | vllm==0.7.3 \\~    --hash=sha256:aa",
                "constraints.txt      | vllm==0.7.3",
            })
    void V1_1_environmentsAndHashedRequirementsSayTheReleaseToo(String file, String text) throws Exception {
        write(file.strip(), text.strip().replace('~', '\n') + "\n");
        write("app/main.py", "from vllm import LLM\nllm = LLM(\"/models/a\")\n");
        assertThat(said("V1.1/shared-prefix-cache")).isEmpty();
    }

    @Test
    void V1_6_anImageWithoutAReleaseIsTheNewestWhateverAFileBesideItSays() throws Exception {
        write("docker-compose.yml", "services: {a: {image: 'vllm/vllm-openai:v0.8.4'}}\n");
        String pod = """
                apiVersion: v1
                kind: Pod
                spec:
                  containers:
                    - name: a
                      image: vllm/vllm-openai%s
                """;
        write("k8s/pod.yaml", pod.replace("%s", ":latest"));
        assertThat(said("V1.6/request-logging")).noneMatch(said -> said.contains("docker-compose"));
        write("k8s/pod.yaml", pod.replace("%s", ""));
        assertThat(said("V1.6/request-logging")).noneMatch(said -> said.contains("docker-compose"));
        write("k8s/pod.yaml", pod.replace("%s", ":v0.8.4"));
        assertThat(said("V1.6/request-logging")).anyMatch(said -> said.startsWith("warning"));
    }

    @Test
    void R1_3_aReleaseWithoutADeadlineIsANote() throws Exception {
        write("requirements.txt", "ray[serve]==1.10.0\n");
        write("app.py", "import torch\nfrom ray import serve\nserve.start(http_options={'host': '127.0.0.1'})\n");
        assertThat(said("R1.3/request-timeout"))
                .singleElement()
                .satisfies(said -> assertThat(said).startsWith("note requests wait for ever, and this release"));
        write("requirements.txt", "ray[serve]==2.9.0\n");
        assertThat(said("R1.3/request-timeout"))
                .singleElement()
                .satisfies(said -> assertThat(said).startsWith("warning no request_timeout_s"));
    }
}

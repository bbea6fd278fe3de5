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

/// What has a part in serving, and what only lies beside it.
class ReachTest {
    private static final String LOADS = """
            from transformers import AutoModel
            model = AutoModel.from_pretrained("/models/a", trust_remote_code=True)
            """;

    @TempDir
    Path folder;

    private void write(String path, String text) throws IOException {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    /// Files with an error.
    private List<String> errors(Path... named) throws InterruptedException {
        return new Audit(Level.ERROR, Set.of())
                .run(named.length == 0 ? List.of(folder) : List.of(named)).findings().stream()
                        .map(finding ->
                                folder.relativize(Path.of(finding.path())).toString())
                        .toList();
    }

    @Test
    void whatNoServerImportsIsANote() throws Exception {
        write("app/server.py", "import fastapi\nfrom app.models import loader\n");
        write("app/models/loader.py", "from . import base\n" + LOADS);
        write("app/models/base.py", LOADS);
        write("train/loader.py", LOADS);
        write("evaluate.py", LOADS);
        assertThat(errors()).containsExactlyInAnyOrder("app/models/loader.py", "app/models/base.py");
        List<Finding> all = new Audit(Level.NOTE, Set.of()).run(List.of(folder)).findings();
        assertThat(all)
                .filteredOn(finding -> finding.path().endsWith("evaluate.py"))
                .anySatisfy(finding -> {
                    assertThat(finding.level()).isEqualTo(Level.NOTE);
                    assertThat(finding.message()).endsWith("(no program that serves uses this file)");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "import lib.loading",
                "from lib import loading",
                "from lib.loading import model",
                "from ..lib.loading import model",
                "import lib.loading as l",
                "from lib.all import *",
            })
    void importsAreFollowedHoweverTheyAreWritten(String statement) throws Exception {
        write("web/app.py", "from flask import Flask\n" + statement + "\n");
        write("lib/__init__.py", "");
        write("lib/all.py", "from .loading import model\n");
        write("lib/loading.py", LOADS);
        assertThat(errors()).containsExactly("lib/loading.py");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "def predict_fn(data, model): return model(data)",
                "class EndpointHandler: pass",
                "def init(): pass\ndef run(data): return data",
                "from ray import serve",
                "import gradio as gr",
                "from vllm import AsyncLLMEngine",
            })
    void whatAPlatformOrAFrameworkCallsServes(String program) throws Exception {
        write("server.py", "import fastapi\n");
        write("other/inference.py", LOADS + program + "\n");
        assertThat(errors()).containsExactly("other/inference.py");
    }

    @Test
    void whereNothingServesAndWhereAFileIsNamedItselfNothingIsLowered() throws Exception {
        write("evaluate.py", LOADS);
        assertThat(errors()).containsExactly("evaluate.py");
        write("server.py", "import fastapi\n");
        assertThat(errors()).isEmpty();
        assertThat(errors(folder.resolve("evaluate.py"), folder.resolve("server.py")))
                .containsExactly("evaluate.py");
    }

    private static final String MAIN = "if __name__ == \"__main__\":\n    print(model)\n";

    /// Files with a warning.
    private List<String> warnings(Path... named) throws InterruptedException {
        return new Audit(Level.WARNING, Set.of())
                .run(named.length == 0 ? List.of(folder) : List.of(named)).findings().stream()
                        .map(finding ->
                                folder.relativize(Path.of(finding.path())).toString())
                        .distinct()
                        .toList();
    }

    private static final String LARGE = "from vllm import LLM\nmodel = LLM('/models/a', gpu_memory_utilization=0.97)\n";

    @Test
    void scriptsServeNobodyWhereNothingServesEither() throws Exception {
        write("batch/run.py", "from batch.loading import model\n" + MAIN);
        write("batch/loading.py", LARGE);
        write("batch/all.py", LARGE + MAIN);
        write("once.py", LARGE);
        write("asked.py", LARGE + "print(model.generate('a'))\n");
        write("library/model.py", LARGE);
        assertThat(warnings()).containsExactly("library/model.py", "once.py");
        assertThat(warnings(folder.resolve("batch/all.py"))).containsExactly("batch/all.py");
        write("batch/foreign.py", LOADS + MAIN);
        assertThat(errors()).isEmpty();
        assertThat(errors(folder.resolve("batch/foreign.py"))).containsExactly("batch/foreign.py");
        write("serve.sh", "vllm serve /models/a\n");
        assertThat(errors()).isEmpty();
    }

    @Test
    void testsThatRunThemselvesAreNoScripts() throws Exception {
        write("library/model.py", LARGE);
        write("check_model.py", "import unittest\nfrom library.model import model\n" + MAIN);
        assertThat(warnings()).containsExactly("library/model.py");
    }

    @Test
    void aScriptWithAnEngineOfItsOwnServesNobody() throws Exception {
        write("server.py", "import fastapi\n");
        write("pause.py", "from vllm import AsyncLLMEngine\n" + LOADS + MAIN);
        write("worker.py", "from vllm import AsyncLLMEngine\n" + LOADS);
        write("chat.py", "from vllm.entrypoints.chat_utils import load_chat_template\n" + LOADS);
        assertThat(errors()).containsExactly("worker.py");
    }

    @Test
    void secretsStayErrorsWhereverTheyAre() throws Exception {
        write("server.py", "import fastapi\n");
        write(
                "train.py",
                "from vllm import LLM\nllm = LLM('/models/a', hf_token='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')\n");
        assertThat(errors()).contains("train.py");
    }

    @Test
    void aManifestWithAProgramInItIsNoProgram() throws Exception {
        write("server.py", "import fastapi\n");
        write("pod.yaml", """
                apiVersion: v1
                kind: ConfigMap
                data:
                  load.py: |
                    from transformers import AutoModel
                    model = AutoModel.from_pretrained("/models/a", trust_remote_code=True)
                """);
        assertThat(errors()).containsExactly("pod.yaml");
    }

    @Test
    void aModuleThatAPackageHidesServesNobody() throws Exception {
        write("serving/api.py", "from fastapi import FastAPI\n" + LOADS);
        assertThat(errors()).containsExactly("serving/api.py");
        write("serving/api/__init__.py", "");
        assertThat(errors()).isEmpty();
    }

    @Test
    void whatRunsAsSoonAsItIsReadIsAScript() throws Exception {
        write("server.py", "from fastapi import FastAPI\n");
        String engine = "import asyncio\nfrom vllm import AsyncLLMEngine\n" + LOADS;
        write("stream.py", engine);
        assertThat(errors()).containsExactly("stream.py");
        write("stream.py", engine + "print(asyncio.run(ask()))\n");
        assertThat(errors()).isEmpty();
    }
}

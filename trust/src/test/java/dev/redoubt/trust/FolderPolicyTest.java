package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FolderPolicyTest {
    private static void check(String name, byte[] content) {
        FolderPolicy.check(Map.of(name, MemorySegment.ofArray(content)));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void refused(String rule, String name, byte[] content) {
        assertThatThrownBy(() -> check(name, content))
                .as(name)
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo(rule))
                .hasMessageContaining(name);
    }

    @Test
    void usualSideFilesAreAccepted() {
        for (String name : List.of(
                "README.md",
                "LICENSE",
                "LICENSE.txt",
                "LICENSE-APACHE",
                "NOTICE",
                "USE_POLICY.md",
                ".gitattributes",
                ".gitignore",
                "merges.txt",
                "chat_template.jinja",
                "recipe.yaml",
                "tokenizer.model"))
            assertThatCode(() -> check(name, text("# words\ncat\ndog\nthe end.")))
                    .as(name)
                    .doesNotThrowAnyException();
        for (String name : List.of(
                "config.json",
                "generation_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "vocab.json",
                "special_tokens_map.json",
                "added_tokens.json",
                "preprocessor_config.json",
                "quantize_config.json"))
            assertThatCode(() -> check(name, text("{\"a\": [1, {\"b\": null}]}")))
                    .as(name)
                    .doesNotThrowAnyException();
        check("modules.json", text("[{\"idx\": 0}]"));
    }

    @Test
    void R1_6_formatsThatCanCarryCodeAreRefusedByContent() {
        Map<String, String> contents = Map.of(
                "zip",
                "504b0304",
                "pickle 2",
                "80027d71",
                "pickle 5",
                "8005",
                "HDF5",
                "894844460d0a1a0a",
                "NumPy",
                "934e554d505901",
                "gzip",
                "1f8b0800",
                "pickle 0",
                HexFormat.of().formatHex(text("cos\nsystem\n(S'id'\ntR.")),
                "pickle 0 dict",
                HexFormat.of().formatHex(text("(dp0\nS'a'\np1\nI1\ns.")),
                "java",
                "aced000573");
        for (String name : List.of(
                "weights.bin",
                "notes.txt",
                "config.json",
                "model.safetensors",
                "README.md",
                "LICENSE",
                "tokenizer.model"))
            contents.values()
                    .forEach(hex -> refused("R1.6", name, HexFormat.of().parseHex(hex)));
    }

    @Test
    void R1_6_unknownAndUnsafeFormatsAreRefusedByName() {
        for (String name : List.of(
                "pytorch_model.bin",
                "a.pt",
                "a.pth",
                "a.ckpt",
                "a.pkl",
                "a.npz",
                "a.msgpack",
                "tf_model.h5",
                "a.onnx",
                "a.weird",
                "file",
                ".env",
                "a.parquet",
                "MODEL.GGUF"))
            assertThatThrownBy(() -> check(name, text("words")))
                    .as(name)
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining(name);
    }

    @Test
    void R1_6_binaryContentUnderATextNameIsRefused() {
        refused("R1.6", "notes.txt", new byte[] {'a', 0, 'b'});
    }

    @Test
    void V2_4_codeIsRefusedByNameAndByContent() {
        for (String name : List.of(
                "modeling.py", "run.sh", "kernels.so", "Plugin.class", "plugin.jar", "setup.PY", "demo.ipynb", "x.dll"))
            refused("V2.4", name, text("words"));
        Map<String, String> contents = Map.of(
                "shebang",
                "23212f62696e2f7368",
                "ELF",
                "7f454c4602",
                "class",
                "cafebabe00000041",
                "wasm",
                "0061736d01000000",
                "PE",
                "4d5a9000",
                "pyc",
                "a70d0d0a00000000000000000000000000000000e3");
        for (String name : List.of("LICENSE", "notes.txt", "tokenizer.model"))
            contents.values()
                    .forEach(hex -> refused("V2.4", name, HexFormat.of().parseHex(hex)));
    }

    @Test
    void V2_4_remoteCodeSettingsAreRefusedAtAnyDepth() {
        for (String key : List.of("auto_map", "auto_mapping", "trust_remote_code", "custom_pipelines"))
            for (String name : List.of("config.json", "tokenizer_config.json", "adapter_config.json"))
                refused("V2.4", name, text("{\"a\": [{\"" + key + "\": {}}]}"));
        check("adapter_config.json", text("{\"auto_mapping\": null}"));
        check("vocab.json", text("{\"auto_map\": 1}")); // a word like any other
    }

    @Test
    void V4_3_jsonIsStrict() {
        for (String text : List.of(
                "", "{", "[]", "{\"a\":NaN}", "{\"a\":1e999}", "{\"a\":1,\"a\":2}", "\uFEFF{}", "{}{}", "{/**/}"))
            refused("V4.3", "config.json", text(text));
    }

    @Test
    void V4_3_safetensorsHeaderLengthThatLooksLikeAnotherFormatIsNotMistaken() {
        for (String length : List.of("8002", "2321", "1f8b08", "8005")) { // pickle, #!, gzip
            byte[] head = HexFormat.of().parseHex((length + "0000000000000000").substring(0, 16) + "7b7d2020");
            assertThatCode(() -> check("model.safetensors", head)).as(length).doesNotThrowAnyException();
        }
    }

    @Test
    void V4_2_namesThatDifferBetweenSystemsAreRefused() {
        for (String name : List.of(
                "aux.json",
                "NUL.txt",
                "com1.json",
                "a b.json",
                "é.json",
                "a\\b.json",
                "a:b.json",
                "config.json.",
                "-x.json",
                "..json"))
            assertThatThrownBy(() -> check(name, text("{}"))).as(name).isInstanceOf(ArtifactException.class);
        assertThatThrownBy(() -> FolderPolicy.check(Map.of(
                        "Notes.txt",
                        MemorySegment.ofArray(new byte[1]),
                        "notes.txt",
                        MemorySegment.ofArray(new byte[1]))))
                .isInstanceOf(ArtifactException.class);
    }
}

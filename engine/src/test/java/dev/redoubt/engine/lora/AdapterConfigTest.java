package dev.redoubt.engine.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.trust.ArtifactException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a configuration of an adapter may say, beside the hostile corpus.
final class AdapterConfigTest {
    private static final LinearLayer QUERY = new LinearLayer("model.layers.1.self_attn.q_proj", 8, 8);
    private static final LinearLayer DOWN = new LinearLayer("model.layers.1.mlp.down_proj", 8, 16);

    private static AdapterConfig read(String more) {
        String text = "{\"peft_type\":\"LORA\",\"r\":8,\"lora_alpha\":16,\"target_modules\":[\"q_proj\"]" + more + "}";
        return AdapterConfig.read(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void ranksAndAlphasAreThoseOfTheFirstPatternThatFits() {
        AdapterConfig config =
                read(",\"rank_pattern\":{\"mlp.down_proj\":4,\"down_proj\":2},\"alpha_pattern\":{\"q_proj\":2}");
        assertThat(config.rank(DOWN)).isEqualTo(4);
        assertThat(config.rank(QUERY)).isEqualTo(8);
        assertThat(config.scale(DOWN)).isEqualTo(4);
        assertThat(config.scale(QUERY)).isEqualTo(0.25f);
        assertThat(read(",\"use_rslora\":true").scale(QUERY)).isEqualTo((float) (16 / Math.sqrt(8)));
        assertThat(config.changes(QUERY)).isTrue();
        assertThat(config.changes(DOWN)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            ,"use_dora":true                        | 'use_dora' in adapter_config.json is 'true', allowed is false
            ,"bias":"all"                           | 'bias' in adapter_config.json is '"all"', allowed is "none"
            ,"modules_to_save":["lm_head"]          | 'modules_to_save'
            ,"fan_in_fan_out":true                  | 'fan_in_fan_out'
            ,"layers_to_transform":[1]              | 'layers_to_transform'
            ,"exclude_modules":["k_proj"]           | 'exclude_modules'
            ,"target_parameters":["experts.w1"]     | 'target_parameters'
            ,"init_lora_weights":"pissa"            | 'init_lora_weights' in adapter_config.json is '"pissa"'
            ,"task_type":"SEQ_CLS"                  | 'task_type'
            ,"use_magic":true                       | 'use_magic' in adapter_config.json is no field that is known
            ,"rank_pattern":{"q_proj":65}           | allowed is a rank of 1 to 64
            ,"rank_pattern":{"^(a+)+$":4}           | allowed are names of modules and no regular expression
            ,"alpha_pattern":{"q_proj":0}           | 'alpha_pattern' in adapter_config.json is '0', allowed is a number above 0
            """)
    void V4_3_whatIsNotComputedIsRefusedByName(String more, String message) {
        assertThatThrownBy(() -> read(more))
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.3"))
                .hasMessageContaining(message);
    }

    @Test
    void whatChangesNothingIsTaken() {
        read(",\"use_dora\":false,\"bias\":\"none\",\"modules_to_save\":null,\"loftq_config\":{},\"lora_dropout\":0.1,"
                + "\"base_model_name_or_path\":\"../../etc/passwd\",\"init_lora_weights\":\"gaussian\"");
    }
}

package dev.redoubt.engine.model;

import static dev.redoubt.engine.model.TensorSpec.matrix;
import static dev.redoubt.engine.model.TensorSpec.vector;

import dev.redoubt.engine.model.TensorSpec.Use;
import java.util.ArrayList;
import java.util.List;

/// Every tensor that an encoder's file has, or may have. Anything else is refused.
final class EncoderTensors {
    private EncoderTensors() {}

    static List<TensorSpec> of(EncoderPlan plan) {
        List<TensorSpec> all = new ArrayList<>();
        int hidden = plan.hiddenSize();
        all.add(matrix(TensorRole.WORD_EMBEDDING, 0, plan.vocabularySize(), hidden));
        all.add(matrix(TensorRole.POSITION_EMBEDDING, 0, plan.positions(), hidden));
        all.add(matrix(TensorRole.TOKEN_TYPE_EMBEDDING, 0, plan.tokenTypes(), hidden));
        all.add(matrix(TensorRole.POSITION_IDS, 0, 1, plan.positions()).with(Use.IGNORED));
        all.add(vector(TensorRole.EMBEDDING_NORM, 0, hidden));
        all.add(vector(TensorRole.EMBEDDING_NORM_BIAS, 0, hidden));
        for (int layer = 0; layer < plan.layers(); layer++) layer(plan, layer, all);
        all.add(matrix(TensorRole.POOLER, 0, hidden, hidden).with(Use.IGNORED));
        all.add(vector(TensorRole.POOLER_BIAS, 0, hidden).with(Use.IGNORED));
        return all;
    }

    private static void layer(EncoderPlan plan, int layer, List<TensorSpec> all) {
        int hidden = plan.hiddenSize();
        int size = plan.feedForwardSize();
        linear(TensorRole.ENCODER_QUERY, TensorRole.ENCODER_QUERY_BIAS, layer, hidden, hidden, all);
        linear(TensorRole.ENCODER_KEY, TensorRole.ENCODER_KEY_BIAS, layer, hidden, hidden, all);
        linear(TensorRole.ENCODER_VALUE, TensorRole.ENCODER_VALUE_BIAS, layer, hidden, hidden, all);
        linear(
                TensorRole.ENCODER_ATTENTION_OUTPUT,
                TensorRole.ENCODER_ATTENTION_OUTPUT_BIAS,
                layer,
                hidden,
                hidden,
                all);
        all.add(vector(TensorRole.ENCODER_ATTENTION_NORM, layer, hidden));
        all.add(vector(TensorRole.ENCODER_ATTENTION_NORM_BIAS, layer, hidden));
        linear(TensorRole.ENCODER_UP, TensorRole.ENCODER_UP_BIAS, layer, size, hidden, all);
        linear(TensorRole.ENCODER_DOWN, TensorRole.ENCODER_DOWN_BIAS, layer, hidden, size, all);
        all.add(vector(TensorRole.ENCODER_OUTPUT_NORM, layer, hidden));
        all.add(vector(TensorRole.ENCODER_OUTPUT_NORM_BIAS, layer, hidden));
    }

    private static void linear(
            TensorRole weights, TensorRole bias, int layer, int outputs, int inputs, List<TensorSpec> all) {
        all.add(matrix(weights, layer, outputs, inputs));
        all.add(vector(bias, layer, outputs));
    }
}

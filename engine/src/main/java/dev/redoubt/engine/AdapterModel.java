package dev.redoubt.engine;

import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import java.util.List;

/// An adapter as a model of its own: its requests are computed in the steps of its base's engine, by its
/// weights; what it does not change, such as the vocabulary, is the base's. Stats, runtime and cache are those
/// of the engine.
final class AdapterModel implements LanguageModel {
    private final Engine engine;
    private final int index;
    private final ModelCard card;

    AdapterModel(Engine engine, int index, ModelCard card) {
        this.engine = engine;
        this.index = index;
        this.card = card;
    }

    @Override
    public ModelCard card() {
        return card;
    }

    @Override
    public Generation generate(GenerationRequest request, GenerationListener listener) {
        return engine.generate(request, index, listener);
    }

    @Override
    public ModelStats stats() {
        return engine.stats();
    }

    @Override
    public ModelRuntime runtime() {
        return engine.runtime();
    }

    @Override
    public CacheClearing clearCache(String tenant) {
        return engine.clearCache(tenant);
    }

    @Override
    public int[] tokenize(String text) {
        return engine.tokenize(text);
    }

    @Override
    public int[] tokenize(List<ChatMessage> messages) {
        return engine.tokenize(messages);
    }

    @Override
    public String detokenize(int[] tokenIds) {
        return engine.detokenize(tokenIds);
    }

    @Override
    public String tokenText(int tokenId) {
        return engine.tokenText(tokenId);
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        return engine.tokenBytes(tokenId);
    }
}

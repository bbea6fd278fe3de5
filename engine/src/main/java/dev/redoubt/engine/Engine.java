package dev.redoubt.engine;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.List;

/// One model, one loop. Works in a plain Java program: no server needed.
public final class Engine implements LanguageModel, AutoCloseable {
    private Engine() {}

    /// Loads the model, sizes the KV pool against the machine, starts the loop. Owns the artifact from then on.
    ///
    /// @throws dev.redoubt.trust.ArtifactException if the artifact is not what its architecture expects
    public static Engine open(VerifiedArtifact artifact, EngineOptions options, TimeSource time) {
        throw new UnsupportedOperationException("engine: open");
    }

    @Override
    public ModelCard card() {
        throw new UnsupportedOperationException("engine: card");
    }

    @Override
    public Generation generate(GenerationRequest request, GenerationListener listener) {
        throw new UnsupportedOperationException("engine: generate");
    }

    @Override
    public int[] tokenize(String text) {
        throw new UnsupportedOperationException("engine: tokenize");
    }

    @Override
    public int[] tokenize(List<ChatMessage> messages) {
        throw new UnsupportedOperationException("engine: tokenize");
    }

    @Override
    public String detokenize(int[] tokenIds) {
        throw new UnsupportedOperationException("engine: detokenize");
    }

    @Override
    public String tokenText(int tokenId) {
        throw new UnsupportedOperationException("engine: tokenText");
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        throw new UnsupportedOperationException("engine: tokenBytes");
    }

    /// What the chat template makes of the messages, with the prompt for the next answer.
    public String render(List<ChatMessage> messages) {
        throw new UnsupportedOperationException("engine: render");
    }

    @Override
    public ModelStats stats() {
        throw new UnsupportedOperationException("engine: stats");
    }

    /// Kernels, threads, pool size: one line for people.
    public String description() {
        throw new UnsupportedOperationException("engine: description");
    }

    /// Ends every request with an error, stops the loop, zeroes and frees the pool.
    @Override
    public void close() {
        throw new UnsupportedOperationException("engine: close");
    }
}

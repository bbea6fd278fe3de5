package dev.redoubt.runtime.llm;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.engine.Engine;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.Optional;

/// What the server lends to language models: its store, its own engine, its limits. Safe for any thread.
public interface LlmHost {
    /// A model of the store, every byte compared with its manifest.
    ///
    /// @param digest that it must have, hex; empty: the one that the store has
    /// @throws RuntimeRefusal if it is not there or not what was approved
    VerifiedArtifact open(String model, Optional<String> digest) throws RuntimeRefusal;

    /// Takes note of a model that is loaded, before it answers anybody.
    ///
    /// @throws RuntimeRefusal if it must not answer: it is closed then
    void loaded(String application, Engine engine) throws RuntimeRefusal;

    /// What the engine is that the server has for all its applications; may wait while it loads.
    ///
    /// @throws RuntimeRefusal if the server has none, or one of another model
    ModelCard sharedCard(String model) throws RuntimeRefusal;

    /// The engine that the server has for all its applications; waits while it loads.
    ///
    /// @throws RuntimeRefusal if the server has none, or one of another model
    Engine shared(String model) throws RuntimeRefusal;

    /// What a generation may take of the tokens of a key, at most.
    ///
    /// @throws ServeException if the key has not as many left
    TokenMeter reserve(String keyId, long tokens);

    /// Tokens of one generation, which are its key's.
    interface TokenMeter {
        /// It has come to so many, and is over.
        void used(long tokens);
    }
}

package dev.redoubt.serve.replica;

import dev.redoubt.base.generation.LanguageModel;

/// A replica of a language model. Beside what every servant takes, it takes generations as the OpenAI routes know
/// them; its router counts both.
public interface LanguageServant extends Servant {
    /// What answers; the same for as long as the servant lives.
    LanguageModel model();
}

package dev.redoubt.bench.edge;

import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Usage;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Answers every request by the same word before `generate` returns, so that nothing but the edge is left to
/// measure.
final class InstantModel implements LanguageModel {
    static final String NAME = "instant";
    static final String WORD = " Hello";
    private static final int TOKEN = 1;
    private static final Generation OVER = new Generation() {
        @Override
        public long id() {
            return 1;
        }

        @Override
        public void cancel() {
            // it is over
        }
    };

    @Override
    public ModelCard card() {
        return new ModelCard(
                NAME, "00", "instant", "none", 4096, 2, true, Optional.empty(), Instant.EPOCH, Optional.empty());
    }

    @Override
    public ModelStats stats() {
        return new ModelStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public ModelRuntime runtime() {
        return new ModelRuntime("instant", 1, "off", "f16", 0, 0, true);
    }

    @Override
    public CacheClearing clearCache(String tenant) {
        return new CacheClearing(0, 0);
    }

    @Override
    public Generation generate(GenerationRequest request, GenerationListener listener) {
        listener.onEvent(new GenerationEvent.Started(1, 0, List.of()));
        listener.onEvent(new GenerationEvent.Delta(0, WORD, List.of(TOKEN), List.of()));
        listener.onEvent(new GenerationEvent.Finished(0, FinishReason.LENGTH, 1));
        listener.onEvent(new GenerationEvent.Completed(new Usage(1, 0, 1, 0, 1, 1)));
        return OVER;
    }

    @Override
    public int[] tokenize(String text) {
        return new int[] {TOKEN};
    }

    @Override
    public int[] tokenize(List<ChatMessage> messages) {
        return new int[] {TOKEN};
    }

    @Override
    public String detokenize(int[] tokenIds) {
        return WORD.repeat(tokenIds.length);
    }

    @Override
    public String tokenText(int tokenId) {
        return WORD;
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        return WORD.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }
}

package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.serve.replica.LanguageServant;
import dev.redoubt.serve.route.Router;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/// The replicas of a language model as one model: what is counted is summed, and a generation goes where the router
/// sends it. It waits for a replica like every other call.
final class RoutedModel implements LanguageModel {
    private static final AtomicLong IDS = new AtomicLong(); // of generations, which a model is made anew for
    private static final int AFFINITY_CHARACTERS = 512; // later ones differ between turns of one conversation
    private static final ModelRuntime ASLEEP = new ModelRuntime("no replica", 0, "off", "none", 0, 0, true);

    private final ModelCard card;
    private final Router router;

    RoutedModel(ModelCard card, Router router) {
        this.card = card;
        this.router = router;
    }

    @Override
    public ModelCard card() {
        return card;
    }

    private Stream<LanguageModel> replicas() {
        return router.servants().stream()
                .filter(LanguageServant.class::isInstance)
                .map(servant -> ((LanguageServant) servant).model());
    }

    /// For what every replica does alike.
    private LanguageModel any() {
        return replicas().findFirst().orElseThrow(() -> ServeException.of(ErrorCode.NOT_READY));
    }

    @Override
    public ModelStats stats() {
        return replicas().map(LanguageModel::stats).reduce(ModelStats.NOTHING, ModelStats::plus);
    }

    @Override
    public ModelRuntime runtime() {
        return replicas().findFirst().map(LanguageModel::runtime).orElse(ASLEEP);
    }

    @Override
    public CacheClearing clearCache(String tenant) {
        return replicas().map(model -> model.clearCache(tenant)).reduce(CacheClearing.NOTHING, CacheClearing::plus);
    }

    /// What a model would refuse at once comes as its [dev.redoubt.base.generation.GenerationEvent.Failed]: a
    /// replica says it, and there may be none yet.
    @Override
    public Generation generate(GenerationRequest request, GenerationListener listener) {
        RoutedGeneration generation = new RoutedGeneration(IDS.incrementAndGet(), request, listener);
        router.call(generation, generation.call(), affinity(request), generation);
        return generation;
    }

    /// Of what a replica may still hold: the beginning of the prompt, in the cache of who asks (V1.1).
    private static long affinity(GenerationRequest request) {
        long hash = request.caller().hashCode();
        return switch (request.prompt()) {
            case Prompt.Text text -> 31 * hash + beginning(text.text());
            case Prompt.Tokens tokens ->
                31 * hash
                        + tokens.ids()
                                .subList(
                                        0,
                                        Math.min(
                                                AFFINITY_CHARACTERS / 4,
                                                tokens.ids().size()))
                                .hashCode();
            case Prompt.Chat chat -> {
                for (ChatMessage message :
                        chat.messages().subList(0, Math.min(2, chat.messages().size())))
                    hash = 31 * hash + beginning(message.content());
                yield hash;
            }
        };
    }

    private static int beginning(String text) {
        return text.substring(0, Math.min(AFFINITY_CHARACTERS, text.length())).hashCode();
    }

    @Override
    public int[] tokenize(String text) {
        return any().tokenize(text);
    }

    @Override
    public int[] tokenize(List<ChatMessage> messages) {
        return any().tokenize(messages);
    }

    @Override
    public String detokenize(int[] tokenIds) {
        return any().detokenize(tokenIds);
    }

    @Override
    public String tokenText(int tokenId) {
        return any().tokenText(tokenId);
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        return any().tokenBytes(tokenId);
    }
}

package dev.redoubt.engine;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.engine.EmbeddingJob.Text;
import dev.redoubt.engine.model.Encoder;
import dev.redoubt.engine.model.EncoderSpec;
import dev.redoubt.engine.model.Encoders;
import dev.redoubt.engine.model.ModelSpec;
import dev.redoubt.engine.model.Pooling;
import dev.redoubt.engine.tokenize.WordPiece;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Puts the parts of an engine that embeds together from a verified artifact; gives back what it took if one
/// fails.
final class EmbeddingParts {
    private static final int BLOCK_TOKENS = 16;
    private static final long KIB = 1 << 10;

    private EmbeddingParts() {}

    static EmbeddingEngine.Parts load(VerifiedArtifact artifact, EngineOptions options, TimeSource time) {
        Deque<Runnable> opened = new ArrayDeque<>(); // closed in reverse order
        opened.push(artifact::close);
        try {
            EncoderSpec spec = Encoders.describe(artifact);
            int tokensMax = Math.min(
                    Math.min(options.contextTokensMax(), options.batchedTokensMax()),
                    spec.model().contextTokensMax());
            int blocks = Encoder.blocks(Math.max(options.prefillTokensMax(), tokensMax));
            int texts = Math.min(options.sequencesMax(), blocks);
            long kvBytes = blocks * spec.blockBytes();
            requireMemory(options, blocks, kvBytes, new MachineMemory(Path.of("/")).available());
            ModelCard card = card(artifact, spec.model(), tokensMax, time);
            WordPiece tokenizer = WordPiece.of(artifact);
            opened.push(tokenizer::close);
            Compute compute = Compute.open(
                    options.kernels(),
                    options.threads(),
                    blocks * BLOCK_TOKENS,
                    spec.model().widestInput());
            opened.push(compute::close);
            Encoder encoder = Encoders.load(artifact, compute, blocks, texts);
            opened.push(encoder::close);
            return new EmbeddingEngine.Parts(
                    card,
                    spec.sizes(),
                    tokenizer::encode,
                    tokenizer::decode,
                    batch -> encode(encoder, spec.pooling(), batch),
                    new EmbeddingLoop.Limits(blocks, texts, tokensMax),
                    runtime(options, compute, encoder),
                    description(options, spec, compute, encoder, tokensMax),
                    encoder::changedWeights,
                    () -> closeAll(opened));
        } catch (RuntimeException | Error failure) {
            closeAll(opened);
            throw failure;
        }
    }

    /// RULES V2.1, before anything is mapped.
    private static void requireMemory(EngineOptions options, int blocks, long kvBytes, OptionalLong available) {
        String what = "keys and values of a batch of " + blocks * BLOCK_TOKENS + " tokens take " + kvBytes + " bytes, ";
        OptionalLong allowed = options.kvBytesMax();
        if (allowed.isPresent() && kvBytes > allowed.getAsLong())
            throw new StartRefusal(
                    "V2.1",
                    what + allowed.getAsLong() + " are left beside the weights: allow "
                            + (kvBytes - allowed.getAsLong()) + " more");
        if (available.isEmpty()) return;
        long affordable = (long) (options.memoryUtilization() * available.getAsLong());
        if (kvBytes > affordable)
            throw new StartRefusal(
                    "V2.1",
                    what + affordable + " is " + Math.round(100 * options.memoryUtilization())
                            + " % of the available memory: free memory");
    }

    private static float[][] encode(Encoder encoder, Pooling pooling, List<Text> batch) {
        FloatMatrix states = encoder.forward(batch.stream().map(Text::ids).toList());
        float[][] vectors = new float[batch.size()][];
        int row = 0;
        for (int i = 0; i < vectors.length; i++) {
            int tokens = batch.get(i).ids().length;
            vectors[i] = pooling.vector(states, row, tokens, batch.get(i).job().dimensions);
            row += tokens;
        }
        return vectors;
    }

    private static ModelCard card(VerifiedArtifact artifact, ModelSpec spec, int tokensMax, TimeSource time) {
        return new ModelCard(
                artifact.name(),
                artifact.digest(),
                spec.architecture(),
                spec.quantization(),
                tokensMax,
                spec.vocabularySize(),
                false,
                Optional.empty(),
                time.now(),
                Optional.empty());
    }

    private static ModelRuntime runtime(EngineOptions options, Compute compute, Encoder encoder) {
        return new ModelRuntime(
                compute.description(),
                options.threads(),
                "off",
                "f32",
                encoder.kvBytes(),
                compute.bytes() + encoder.kvBytes(),
                encoder.kvLocked());
    }

    private static String description(
            EngineOptions options, EncoderSpec spec, Compute compute, Encoder encoder, int tokensMax) {
        return "%s %s, kernels %s, %d threads, texts of up to %d tokens, embeddings of %d, batches of %d tokens (%d KiB, %s)"
                .formatted(
                        spec.model().architecture(),
                        spec.model().quantization(),
                        compute.description(),
                        options.threads(),
                        tokensMax,
                        spec.sizes().all(),
                        encoder.blocksMax() * BLOCK_TOKENS,
                        encoder.kvBytes() / KIB,
                        encoder.kvLocked() ? "locked" : "not locked");
    }

    private static void closeAll(Deque<Runnable> opened) {
        while (!opened.isEmpty()) opened.pop().run();
    }
}

package dev.redoubt.engine;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.engine.model.Model;
import dev.redoubt.engine.model.ModelSpec;
import dev.redoubt.engine.model.Models;
import dev.redoubt.engine.tokenize.Tokenizer;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// Puts the parts of an engine together from a verified artifact; gives back what it took if one of them fails.
final class EngineParts {
    /* Two lines of work, as long as each other and with nothing to say to each other: the vocabulary becomes a tokenizer on a thread of
     * its own while the caller's packs the weights. All that the text side needs of the artifact is read before, since the model gives
     * the files back as soon as it has its weights. */
    private static final long MIB = 1 << 20;

    private EngineParts() {}

    /// @param memoryBytesMax of weights, activations and KV pool together; empty: the pool's bound alone
    static Engine.Parts load(
            VerifiedArtifact artifact,
            List<VerifiedArtifact> adapters,
            EngineOptions options,
            OptionalLong memoryBytesMax,
            TimeSource time) {
        Deque<Runnable> opened = new ArrayDeque<>(); // closed in reverse order
        opened.push(artifact::close);
        try {
            ModelSpec spec = Models.describe(artifact);
            int context = Math.min(options.contextTokensMax(), spec.contextTokensMax());
            Optional<String> licence = licence(artifact);
            CompletableFuture<ModelText> reading = CompletableFuture.supplyAsync(
                    ModelText.reading(artifact),
                    work -> Thread.ofPlatform().name("load-text").start(work));
            opened.push(() -> closeWhenRead(reading));
            Compute compute =
                    Compute.open(options.kernels(), options.threads(), options.batchedTokensMax(), spec.widestInput());
            opened.push(compute::close);
            Model model = Models.load(artifact, adapters, compute, options.batchedTokensMax(), context);
            opened.push(model::close);
            ModelText text = await(reading);
            Tokenizer tokenizer = text.tokenizer();
            if (tokenizer.vocabularySize() > spec.vocabularySize())
                throw new ArtifactException(
                        "V4.3",
                        "the tokenizer has " + tokenizer.vocabularySize() + " ids, the model " + spec.vocabularySize()
                                + ": they do not belong together");
            KvLayout layout = model.kvLayout(options.kvFormat());
            int blocks = KvPoolSize.blocks(
                    bounded(options, memoryBytesMax, compute.bytes(), layout.blockBytes()),
                    context,
                    layout.blockBytes(),
                    new MachineMemory(Path.of("/")).available());
            KvMemory kv = KvMemory.map(layout, blocks);
            opened.push(kv::close);
            ModelRunner runner = new ModelRunner(model, kv, compute, tokenizer.endOfSequence());
            ModelCard card = card(artifact, spec, context, text.chat(), licence, time);
            return new Engine.Parts(
                    card,
                    text,
                    runner,
                    kv::zero,
                    blocks,
                    tokenizer.endOfSequence(),
                    runtime(options, compute, kv),
                    description(options, spec, compute, kv, context),
                    adapters.stream()
                            .map(adapter -> card.withAdapter(adapter.name(), adapter.digest()))
                            .toList(),
                    () -> closeAll(opened));
        } catch (RuntimeException | Error failure) {
            closeAll(opened);
            throw failure;
        }
    }

    /// The pool has what weights and activations leave of the memory, to the byte (R4.2).
    private static EngineOptions bounded(
            EngineOptions options, OptionalLong memoryBytesMax, long taken, long blockBytes) {
        if (memoryBytesMax.isEmpty()) return options;
        long left = memoryBytesMax.getAsLong() - taken;
        if (left < blockBytes)
            throw new StartRefusal(
                    "R4.2",
                    "memory of " + memoryBytesMax.getAsLong() + " bytes, weights and activations take " + taken
                            + ", and one block of the KV pool has " + blockBytes + ": raise memory to "
                            + (taken + blockBytes) + " or more");
        return options.withKvBytesMax(Math.min(left, options.kvBytesMax().orElse(left)));
    }

    /// What the model of an engine with these options will be, without loading it.
    static ModelCard describe(VerifiedArtifact artifact, EngineOptions options, TimeSource time) {
        ModelSpec spec = Models.describe(artifact);
        int context = Math.min(options.contextTokensMax(), spec.contextTokensMax());
        return card(artifact, spec, context, ModelText.hasTemplate(artifact), licence(artifact), time);
    }

    private static Optional<String> licence(VerifiedArtifact artifact) {
        return artifact.container() == VerifiedArtifact.Container.GGUF
                ? artifact.gguf().string("general.license")
                : Optional.empty();
    }

    private static ModelText await(CompletableFuture<ModelText> reading) {
        try {
            return reading.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) throw cause;
            if (e.getCause() instanceof Error cause) throw cause;
            throw e;
        }
    }

    private static void closeWhenRead(CompletableFuture<ModelText> reading) {
        try {
            await(reading).tokenizer().close();
        } catch (RuntimeException | Error failed) {
            return; // nothing was made; whoever waited for it was told
        }
    }

    private static ModelCard card(
            VerifiedArtifact artifact,
            ModelSpec spec,
            int context,
            boolean chat,
            Optional<String> licence,
            TimeSource time) {
        return new ModelCard(
                artifact.name(),
                artifact.digest(),
                spec.architecture(),
                spec.quantization(),
                context,
                spec.vocabularySize(),
                chat,
                licence,
                time.now(),
                Optional.empty());
    }

    private static ModelRuntime runtime(EngineOptions options, Compute compute, KvMemory kv) {
        return new ModelRuntime(
                compute.description(),
                options.threads(),
                options.prefixSharing().name().toLowerCase(Locale.ROOT),
                kv.layout().format().name().toLowerCase(Locale.ROOT),
                kv.blocks() * kv.layout().blockBytes(),
                compute.bytes() + kv.blocks() * kv.layout().blockBytes(),
                kv.locked());
    }

    private static String description(
            EngineOptions options, ModelSpec spec, Compute compute, KvMemory kv, int context) {
        long tokens = (long) kv.blocks() * KvLayout.BLOCK_TOKENS;
        return "%s %s, kernels %s, %d threads, context %d tokens, KV pool %s, %d blocks (%d tokens, %d MiB, %s)"
                .formatted(
                        spec.architecture(),
                        spec.quantization(),
                        compute.description(),
                        options.threads(),
                        context,
                        kv.layout().format(),
                        kv.blocks(),
                        tokens,
                        kv.blocks() * kv.layout().blockBytes() / MIB,
                        kv.locked() ? "locked" : "not locked");
    }

    private static void closeAll(Deque<Runnable> opened) {
        while (!opened.isEmpty()) opened.pop().run();
    }
}

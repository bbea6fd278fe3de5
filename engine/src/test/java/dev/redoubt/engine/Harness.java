package dev.redoubt.engine;

import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.kvcache.BlockMemory;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.CacheScope;
import dev.redoubt.engine.kvcache.PrefixKeys;
import dev.redoubt.engine.lora.AdapterRows;
import dev.redoubt.engine.schedule.Drafter;
import dev.redoubt.engine.schedule.Scheduler;
import dev.redoubt.engine.schedule.SchedulerLimits;
import dev.redoubt.engine.schedule.Sequence;
import dev.redoubt.engine.schedule.Speculation;
import dev.redoubt.engine.schedule.StepPace;
import dev.redoubt.engine.tokenize.StreamDecoder;
import dev.redoubt.testkit.ManualClock;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// Loop and output without their threads: a test steps them itself, so every schedule repeats.
///
/// @param <M> the model with its KV memory: a fake one, or a real one
final class Harness<M extends StepRunner & BlockMemory> {
    final ManualClock clock = new ManualClock();
    final M model;
    final BlockPool pool;
    final Scheduler scheduler;
    final EngineLoop loop;
    private final OutputThread output;
    private final PrefixKeys keys = new PrefixKeys("model", new SecureRandom());
    private long ids;
    /// Nothing is guessed unless a test says how.
    Drafter drafter = (sequence, most, draft) -> 0;

    Harness(
            SchedulerLimits limits,
            int blocks,
            boolean prefixCache,
            M model,
            Set<Integer> endOfSequence,
            Function<int[], StreamDecoder> decoders) {
        this.model = model;
        this.pool = new BlockPool(blocks, blocks, model);
        StepPace pace = new StepPace(limits.prefillTokensMax());
        this.scheduler = new Scheduler(
                limits,
                pool,
                prefixCache ? keys : null,
                new Speculation((sequence, most, draft) -> drafter.draft(sequence, most, draft), pace));
        EngineLoop.Settings settings = new EngineLoop.Settings(
                limits.batchedTokensMax(), limits.sequencesMax(), limits.contextTokensMax(), endOfSequence);
        this.loop = new EngineLoop(settings, scheduler, pool, model, pace, new News(), clock);
        this.output = new OutputThread(decoders, clock, loop, request -> {});
    }

    static Harness<FakeModel> fake(SchedulerLimits limits, int blocks, boolean prefixCache) {
        return new Harness<>(
                limits,
                blocks,
                prefixCache,
                new FakeModel(blocks),
                Set.of(FakeText.END_OF_SEQUENCE),
                new FakeText()::newStreamDecoder);
    }

    LiveRequest submit(Caller caller, int[] prompt, SamplingParams sampling, int choiceCount, Heard heard) {
        return submit(caller, prompt, sampling, choiceCount, Long.MAX_VALUE, heard);
    }

    LiveRequest submit(
            Caller caller, int[] prompt, SamplingParams sampling, int choiceCount, long deadline, Heard heard) {
        LiveRequest request = new LiveRequest(
                ids++, caller, sampling, List.of(), choiceCount, AdapterRows.NONE, clock.nanos(), deadline, heard);
        return submit(request, prompt);
    }

    LiveRequest submit(LiveRequest request, int[] prompt) {
        request.promptIds = prompt;
        Caller caller = request.caller;
        SamplingParams sampling = request.sampling;
        CacheScope scope = keys.scope(caller.tenant(), caller.principal(), caller.endUser());
        List<Choice> choices = new ArrayList<>();
        for (int i = 0; i < request.choiceCount; i++) {
            boolean reads = i > 0 || sampling.promptLogprobs().isEmpty();
            Sequence sequence = new Sequence(ids++, scope, prompt, sampling.maxTokens(), request.deadlineNanos, reads);
            if (TokenPicker.picksAhead(sampling)) sequence.allowDrafts();
            TokenPicker picker = model.newPicker(sampling, sampling.seed().orElse(0) + i, prompt);
            choices.add(new Choice(request, i, sequence, picker));
        }
        request.choices = choices;
        loop.submit(request);
        return request;
    }

    /// One step, its events, and everything that must hold after it.
    void step() {
        loop.step();
        output.drain();
        loop.verify();
    }

    void stepUntilIdle() {
        do step();
        while (!scheduler.alive().isEmpty());
    }

    private final class News implements LoopListener {
        @Override
        public void leftQueue(LiveRequest request) {}

        @Override
        public void changed(LiveRequest request) {
            output.changed(request);
        }

        @Override
        public void stepDone() {}
    }
}

package dev.redoubt.engine.schedule;

import dev.redoubt.base.Check;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.BlockTable;
import dev.redoubt.engine.kvcache.CacheScope;
import dev.redoubt.engine.kvcache.PrefixKey;
import dev.redoubt.engine.schedule.Speculation.Draft;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One token stream: the prompt, what was generated, and how much of it has keys and values. Owned by the
/// scheduler from [Scheduler#submit] on.
public final class Sequence implements Waiting {
    /// Where a sequence stands.
    public enum State {
        /// Out of the queue for a step in which a running sequence computes what both need; holds no block.
        HELD,
        /// In its tenant's queue; holds no block.
        WAITING,
        /// Takes part in every step; holds its blocks.
        RUNNING,
        /// Holds nothing: not submitted yet, or gone for ever.
        ENDED
    }

    /// A deadline that never passes.
    public static final long NO_DEADLINE = Long.MAX_VALUE;

    private final long id;
    private final CacheScope scope;
    private final int promptTokens;
    private final int tokensMax;
    private final long deadlineNanos;
    private final boolean readsPrefixCache;
    private final BlockTable table;

    private int[] tokens; // the prompt; from the first output on, room for all there will ever be
    private int length;
    private boolean mayDraft;

    // What the scheduler knows of it.
    final List<PrefixKey> keys; // of full blocks, as far as they were needed
    State state = State.ENDED;
    long arrival; // order of submission
    int computed; // tokens with keys and values
    int published; // blocks offered to the prefix cache
    int announced; // blocks that it will publish while it runs; others wait for them
    int chargedPromptTokens; // of its tenant's counter; computing them again is not charged again
    int cachedTokens; // prompt tokens of the first admission that were hits
    boolean admittedOnce;

    @Nullable
    Draft draft; // once something was guessed

    int drafted; // guesses computed in this step
    int confirmed; // of them, so far

    /// @param id unique among all sequences alive
    /// @param prompt token ids, at least one; kept, so it must not change
    /// @param outputTokensMax how many it may generate
    /// @param deadlineNanos past it the sequence expires; never, if it is [#NO_DEADLINE]
    /// @param readsPrefixCache false: computes every prompt token itself (prompt logprobs); what it computes is
    ///     shared all the same
    public Sequence(
            long id,
            CacheScope scope,
            int[] prompt,
            int outputTokensMax,
            long deadlineNanos,
            boolean readsPrefixCache) {
        Check.positive("prompt tokens", prompt.length);
        Check.positive("outputTokensMax", outputTokensMax);
        this.id = id;
        this.scope = scope;
        this.tokens = prompt; // the first append copies it: what waits shares one array among its choices
        this.length = prompt.length;
        this.promptTokens = prompt.length;
        this.tokensMax = Math.addExact(prompt.length, outputTokensMax);
        this.deadlineNanos = deadlineNanos;
        this.readsPrefixCache = readsPrefixCache;
        this.table = new BlockTable(BlockPool.blocksFor(tokensMax));
        this.keys = new ArrayList<>(tokensMax / BlockPool.BLOCK_TOKENS);
    }

    @Override
    public long id() {
        return id;
    }

    public State state() {
        return state;
    }

    @Override
    public long arrival() {
        return arrival;
    }

    @Override
    public String tenant() {
        return scope.tenant();
    }

    /// Prompt and output so far.
    public int length() {
        return length;
    }

    public int promptTokens() {
        return promptTokens;
    }

    public int outputTokens() {
        return length - promptTokens;
    }

    /// Prompt and output at the end, at most.
    public int tokensMax() {
        return tokensMax;
    }

    /// Tokens that have keys and values.
    public int computedTokens() {
        return computed;
    }

    /// Prompt tokens that the prefix cache gave at the first admission.
    public int cachedTokens() {
        return cachedTokens;
    }

    /// Once it is below [#length()], it never changes: a thread that was told of the length may read it.
    ///
    /// @param position 0-based
    public int token(int position) {
        return tokens[Objects.checkIndex(position, length)];
    }

    /// Where its keys and values lie; covers every token computed so far and in the current step.
    public BlockTable table() {
        return table;
    }

    /// As [#token], and of positions from [#length()] on what was guessed for this step.
    ///
    /// @param position below [#length()] and the guesses
    public int tokenOrGuess(int position) {
        return position < length ? token(position) : Objects.requireNonNull(draft).tokens[position - length];
    }

    /// Lets tokens be guessed: only for a sequence whose draws depend on nothing but seed and position.
    public void allowDrafts() {
        mayDraft = true;
    }

    boolean mayDraft() {
        return mayDraft;
    }

    int[] tokens() {
        return tokens;
    }

    CacheScope scope() {
        return scope;
    }

    boolean readsPrefixCache() {
        return readsPrefixCache;
    }

    long deadlineNanos() {
        return deadlineNanos;
    }

    /// Whether every token has keys and values: then the next one can be picked.
    public boolean hasCaughtUp() {
        return computed == length;
    }

    /// Tokens without keys and values.
    int missing() {
        return length - computed;
    }

    /// Blocks it must get before its whole current length fits.
    int blocksMissing() {
        return BlockPool.blocksFor(length) - table.count();
    }

    void append(int token) {
        if (length == tokens.length) tokens = Arrays.copyOf(tokens, tokensMax);
        tokens[length++] = token;
    }
}

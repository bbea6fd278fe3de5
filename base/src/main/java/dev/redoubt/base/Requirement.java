package dev.redoubt.base;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The requirements of RULES.md: what a refusal names, what `redoubt rules` lists, and what at least one test is named
/// after.
public enum Requirement {
    R1_1(Kind.LIMIT, "every deployment states cpu, memory and ongoing requests; queues are bounded"),
    /// The limit in it is the version of TLS; the rest has no waiver.
    R1_2(Kind.LIMIT, "beyond loopback only with TLS, keys and rate limits"),
    R1_3(Kind.LIMIT, "a request has a deadline, which frees its KV blocks in the same step"),
    R1_4(Kind.LIMIT, "bodies are bounded while they are read, and so are batches of prompts"),
    R1_5(Kind.INVARIANT, "replicas are probed, drained and replaced"),
    R1_6(Kind.INVARIANT, "models come in data formats only; nothing of a model folder runs"),
    R1_7(Kind.INVARIANT, "a missing model refuses the start; bodies are decoded by a declared schema only"),
    R1_8(Kind.INVARIANT, "an access log is always on and holds no content"),

    R2_1(Kind.INVARIANT, "autoscaling has a maximum of replicas"),
    R2_2(Kind.INVARIANT, "replicas fit into 0.8 of the machine"),
    R2_3(Kind.LIMIT, "autoscaling waits before it scales"),
    R2_4(Kind.LIMIT, "autoscaling needs limits per replica"),
    R2_5(Kind.INVARIANT, "only authenticated, rate-limited load moves the autoscaler"),

    R3_1(Kind.INVARIANT, "Java serialization is off"),
    R3_2(Kind.INVARIANT, "values on the wire are plain data, bounded in depth, breadth, tokens and bytes"),
    R3_3(Kind.INVARIANT, "callers cannot send templates, types or code"),
    R3_4(Kind.INVARIANT, "unknown, duplicate and wrongly typed fields are refused by name"),

    R4_1(Kind.INVARIANT, "every application has its own namespace"),
    R4_2(Kind.INVARIANT, "quotas of applications are enforced"),
    R4_3(Kind.INVARIANT, "keys belong to applications; foreign, unknown and disabled ones look alike"),
    R4_4(Kind.INVARIANT, "authorization runs on the resolved handler; a route without a policy does not start"),

    R5_1(Kind.LIMIT, "edges of a graph have types on both sides"),
    R5_2(Kind.INVARIANT, "graphs are checked when they are deployed"),
    R5_3(Kind.INVARIANT, "callers see codes and a closed table of messages"),
    R5_4(Kind.INVARIANT, "deadline, tenant and cancellation reach every stage"),

    V1_1(Kind.LIMIT, "prefix-cache hits stay inside a principal and an end user"),
    V1_2(Kind.INVARIANT, "an application can have an engine of its own"),
    V1_3(Kind.INVARIANT, "freed KV blocks are zero before anybody else gets them"),
    V1_4(Kind.LIMIT, "prompts and contexts are bounded"),
    V1_5(Kind.INVARIANT, "stop sequences of the route's policy hold across tokens and chunks"),
    V1_6(Kind.INVARIANT, "prompts and outputs reach no log, metric, trace or dump"),

    V2_1(Kind.LIMIT, "the KV pool takes a bounded share of the memory that is there"),
    V2_2(Kind.INVARIANT, "KV is never on disk: locked in memory, left out of dumps"),
    V2_3(Kind.LIMIT, "a step is bounded in tokens and sequences"),
    V2_4(Kind.INVARIANT, "there is no remote code"),
    V2_5(Kind.INVARIANT, "blocks are accounted for after every step"),

    V3_1(Kind.INVARIANT, "the engine checks a request at its own entry"),
    V3_2(Kind.INVARIANT, "a sequence has the same bits alone and among neighbours"),
    V3_3(Kind.LIMIT, "answers are bounded in tokens"),
    V3_4(Kind.LIMIT, "requests in any minute, tokens and streams of a key are bounded"),
    V3_5(Kind.INVARIANT, "an answer belongs to its request, never to a place in a list"),
    V3_6(Kind.INVARIANT, "tenants share the engine fairly, within a bound that is asserted"),

    V4_1(Kind.INVARIANT, "models are loaded by an entry of the allow-list only"),
    V4_2(Kind.INVARIANT, "a manifest covers every file of a model"),
    V4_3(Kind.INVARIANT, "model files are read strictly before anything is allocated"),
    V4_4(Kind.INVARIANT, "tokens and keys come from files or the environment"),

    V5_1(Kind.INVARIANT, "numbers of a request are finite and in range"),
    V5_2(Kind.INVARIANT, "prompts are screened; only the template writes role tokens"),
    V5_3(Kind.INVARIANT, "every route but the probes needs a key"),
    V5_4(Kind.INVARIANT, "output text is bounded, cut between code points"),
    V5_5(Kind.INVARIANT, "administration is not on the data port"),

    V6_1(Kind.INVARIANT, "the quantization method is stated and signed"),
    V6_2(Kind.INVARIANT, "quality is measured against signed references"),
    V6_3(Kind.INVARIANT, "scales and packed sizes are checked");

    private enum Kind {
        /// May be raised by a waiver.
        LIMIT,
        /// Has no off switch.
        INVARIANT
    }

    private static final Pattern FIRST = Pattern.compile("^([RV]\\d\\.\\d): ");
    private static final Pattern IN_BRACKETS = Pattern.compile(".*\\(([RV]\\d\\.\\d)\\)", Pattern.DOTALL);

    private final Kind kind;
    private final String title;

    Requirement(Kind kind, String title) {
        this.kind = kind;
        this.title = title;
    }

    /// As RULES.md writes it: `R1.2`.
    public String id() {
        return name().replace('_', '.');
    }

    /// What it demands, in a line.
    public String title() {
        return title;
    }

    /// Whether a waiver may raise its numbers.
    public boolean limit() {
        return kind == Kind.LIMIT;
    }

    /// @param id as [#id] writes it
    public static Optional<Requirement> find(String id) {
        return Arrays.stream(values()).filter(one -> one.id().equals(id)).findFirst();
    }

    /// The one that a refusal of ours names, at its beginning (`R4.2: …`) or in brackets. The last brackets count:
    /// before them there may be the name of a file.
    public static Optional<Requirement> named(String refusal) {
        Matcher first = FIRST.matcher(refusal);
        if (first.find()) return find(first.group(1));
        Matcher inBrackets = IN_BRACKETS.matcher(refusal);
        return inBrackets.lookingAt() ? find(inBrackets.group(1)) : Optional.empty();
    }
}

package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The steps of a `tokenizer.json` around its model: which are known, and what they mean for us.
final class PipelineCheck {
    /// A normalizer may make a text longer by this factor at most.
    private static final long GROWTH_MAX = 16;

    private static final int NESTING_MAX = 4;

    /// How tokens spell text.
    ///
    /// @param sentencePiece `▁` for a space; otherwise bytes as GPT-2 spells them
    /// @param stripsFirstSpace decoding takes one space from the start
    record Spelling(boolean sentencePiece, boolean stripsFirstSpace) {}

    private PipelineCheck() {}

    static void check(JsonNode tokenizer) {
        long growth = normalizer(tokenizer.path("normalizer"), 0);
        if (growth > GROWTH_MAX)
            throw JsonConversion.refused("tokenizer.json has a normalizer that makes a text " + growth
                    + " times its length, limit is " + GROWTH_MAX);
        preTokenizer(tokenizer.path("pre_tokenizer"), 0);
    }

    private static boolean isAbsent(JsonNode step) {
        return step.isMissingNode() || step.isNull();
    }

    private static String type(JsonNode step, String of, int nesting) {
        if (nesting > NESTING_MAX)
            throw JsonConversion.refused("tokenizer.json has a " + of + " nested over the depth limit");
        return step.path("type").asString("");
    }

    private static ArtifactException unknown(String of, String type) {
        String shown = type.length() <= 40 ? type : type.substring(0, 40);
        return JsonConversion.refused("tokenizer.json has the unknown " + of + " '" + shown + "'");
    }

    private static long normalizer(JsonNode step, int nesting) {
        if (isAbsent(step)) return 1;
        String type = type(step, "normalizer", nesting);
        return switch (type) {
            case "Sequence" -> {
                long growth = 1;
                for (JsonNode inner : step.path("normalizers"))
                    growth = Math.min(growth * normalizer(inner, nesting + 1), Integer.MAX_VALUE);
                yield growth;
            }
            case "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents" -> 1;
            case "Prepend" -> Math.max(1, step.path("prepend").asString("").length());
            case "Replace" -> {
                int length = step.path("content").asString("").length();
                yield Math.max(1, Math.ceilDiv(length, pattern(step)));
            }
            default -> throw unknown("normalizer", type);
        };
    }

    private static void preTokenizer(JsonNode step, int nesting) {
        if (isAbsent(step)) return;
        String type = type(step, "pre_tokenizer", nesting);
        switch (type) {
            case "Sequence" -> {
                for (JsonNode inner : step.path("pretokenizers")) preTokenizer(inner, nesting + 1);
            }
            case "Split" -> pattern(step);
            case "ByteLevel", "Metaspace", "Digits", "Punctuation" -> {}
            default -> throw unknown("pre_tokenizer", type);
        }
    }

    /// @return the fewest characters that a match of the step's pattern has
    private static int pattern(JsonNode step) {
        JsonNode pattern = step.path("pattern");
        if (pattern.path("String").isString())
            return Math.max(1, pattern.path("String").asString().length());
        if (!pattern.path("Regex").isString())
            throw JsonConversion.refused("tokenizer.json has a step without a pattern");
        SafePattern.check(pattern.path("Regex").asString());
        return 1;
    }

    /// Metaspace that puts a space before the very start only: what it does elsewhere.
    ///
    /// @return whether there is such a step
    static boolean neverPrepend(JsonNode preTokenizer) {
        boolean changed = false;
        for (JsonNode inner : preTokenizer.path("pretokenizers")) changed |= neverPrepend(inner);
        boolean first = preTokenizer.path("type").asString("").equals("Metaspace")
                && preTokenizer.path("prepend_scheme").asString("").equals("first");
        if (first) ((ObjectNode) preTokenizer).put("prepend_scheme", "never");
        return changed || first;
    }

    static Spelling spelling(JsonNode tokenizer) {
        JsonNode decoder = tokenizer.path("decoder");
        if (isAbsent(decoder)) return new Spelling(!hasByteLevel(tokenizer.path("pre_tokenizer")), false);
        Spelling spelling = decoder(decoder, 0);
        if (spelling.sentencePiece() && hasByteLevel(tokenizer.path("pre_tokenizer")))
            throw JsonConversion.refused("tokenizer.json has a pre_tokenizer and a decoder of two kinds");
        return spelling;
    }

    private static boolean hasByteLevel(JsonNode preTokenizer) {
        for (JsonNode inner : preTokenizer.path("pretokenizers")) if (hasByteLevel(inner)) return true;
        return preTokenizer.path("type").asString("").equals("ByteLevel");
    }

    private static Spelling decoder(JsonNode step, int nesting) {
        String type = type(step, "decoder", nesting);
        return switch (type) {
            case "Sequence" -> {
                boolean sentencePiece = true;
                boolean strips = false;
                for (JsonNode inner : step.path("decoders")) {
                    Spelling one = decoder(inner, nesting + 1);
                    sentencePiece &= one.sentencePiece();
                    strips |= one.stripsFirstSpace();
                }
                yield new Spelling(sentencePiece, strips);
            }
            case "ByteLevel" -> new Spelling(false, false);
            case "ByteFallback", "Fuse" -> new Spelling(true, false);
            case "Replace" -> {
                boolean space = step.path("pattern").path("String").asString("").equals("▁")
                        && step.path("content").asString("").equals(" ");
                if (!space) throw unknown("decoder", "Replace of something else than ▁");
                yield new Spelling(true, false);
            }
            case "Strip" -> {
                boolean known = step.path("content").asString("").equals(" ")
                        && step.path("start").asInt(0) <= 1
                        && step.path("stop").asInt(0) == 0;
                if (!known) throw unknown("decoder", "Strip of more than one space at the start");
                yield new Spelling(true, step.path("start").asInt(0) == 1);
            }
            case "Metaspace" -> {
                boolean prepends = step.has("prepend_scheme")
                        ? !step.path("prepend_scheme").asString("").equals("never")
                        : step.path("add_prefix_space").asBoolean(true);
                yield new Spelling(true, prepends);
            }
            default -> throw unknown("decoder", type);
        };
    }
}

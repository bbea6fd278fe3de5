package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.TokenLogprob.Alternative;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The three shapes in which clients expect log probabilities.
final class LogprobsJson {
    private final LanguageModel model;

    LogprobsJson(LanguageModel model) {
        this.model = model;
    }

    /// Chat: `{"content": [{token, logprob, bytes, top_logprobs}], "refusal": null}`.
    void chat(JsonWriter json, List<TokenLogprob> logprobs) {
        json.beginObject().name("content").beginArray();
        for (TokenLogprob one : logprobs) {
            json.beginObject();
            token(json, one.tokenId(), one.logprob());
            json.name("top_logprobs").beginArray();
            for (Alternative top : one.top()) {
                json.beginObject();
                token(json, top.tokenId(), top.logprob());
                json.endObject();
            }
            json.endArray().endObject();
        }
        json.endArray().name("refusal").nothing().endObject();
    }

    private void token(JsonWriter json, int id, float logprob) {
        json.name("token").value(model.tokenText(id)).name("logprob").logprob(logprob);
        json.name("bytes").beginArray();
        for (byte b : model.tokenBytes(id)) json.value(b & 0xFF);
        json.endArray();
    }

    /// Completion: `{tokens, token_logprobs, top_logprobs, text_offset}`.
    ///
    /// @param unscored a first token that has no log probability: the first of an echoed prompt
    /// @param offset of the first token in the text, in code points
    /// @return the offset after the last token
    int completion(JsonWriter json, Optional<Integer> unscored, List<TokenLogprob> logprobs, int offset) {
        json.beginObject().name("tokens").beginArray();
        unscored.ifPresent(id -> json.value(model.tokenText(id)));
        for (TokenLogprob one : logprobs) json.value(model.tokenText(one.tokenId()));
        json.endArray().name("token_logprobs").beginArray();
        if (unscored.isPresent()) json.nothing();
        for (TokenLogprob one : logprobs) json.logprob(one.logprob());
        json.endArray().name("top_logprobs").beginArray();
        if (unscored.isPresent()) json.nothing();
        for (TokenLogprob one : logprobs) alternatives(json, one);
        json.endArray().name("text_offset").beginArray();
        int at = offset;
        if (unscored.isPresent()) {
            json.value(at);
            at += codePoints(unscored.get());
        }
        for (TokenLogprob one : logprobs) {
            json.value(at);
            at += codePoints(one.tokenId());
        }
        json.endArray().endObject();
        return at;
    }

    /// By token text; of tokens with one text the likelier counts.
    private void alternatives(JsonWriter json, TokenLogprob one) {
        Map<String, Float> byText = new LinkedHashMap<>();
        for (Alternative top : one.top()) byText.putIfAbsent(model.tokenText(top.tokenId()), top.logprob());
        byText.putIfAbsent(model.tokenText(one.tokenId()), one.logprob());
        json.beginObject();
        byText.forEach((text, logprob) -> json.name(text).logprob(logprob));
        json.endObject();
    }

    /// vLLM's `prompt_logprobs`: null for the first token, then objects by token id, the prompt's own token
    /// first.
    void prompt(JsonWriter json, List<TokenLogprob> logprobs) {
        json.beginArray().nothing();
        for (TokenLogprob one : logprobs) {
            json.beginObject();
            ranked(json, one.tokenId(), one.logprob(), one.rank());
            int rank = 1;
            for (Alternative top : one.top()) {
                if (top.tokenId() != one.tokenId()) ranked(json, top.tokenId(), top.logprob(), rank);
                rank++;
            }
            json.endObject();
        }
        json.endArray();
    }

    private void ranked(JsonWriter json, int id, float logprob, int rank) {
        json.name(Integer.toString(id)).beginObject().name("logprob").logprob(logprob);
        json.name("rank")
                .value(rank)
                .name("decoded_token")
                .value(model.tokenText(id))
                .endObject();
    }

    private int codePoints(int id) {
        String text = model.tokenText(id);
        return text.codePointCount(0, text.length());
    }
}

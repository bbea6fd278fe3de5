package dev.redoubt.gateway.openai;

import static dev.redoubt.gateway.fields.Field.optional;
import static dev.redoubt.gateway.fields.Field.required;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.gateway.fields.Field;
import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldType;
import dev.redoubt.gateway.fields.FieldType.Case;
import dev.redoubt.gateway.fields.FieldValues;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The bodies of `/v1/chat/completions`, `/v1/completions` and `/generate`: the tables of their fields, and
/// what they mean. What other servers know and this one does not is refused by name, never ignored.
public final class GenerationFields {
    /// OpenAI's own limit for the completion route, lower than for chat.
    private static final int COMPLETION_LOGPROBS_MAX = 5;

    private static final int USER_LENGTH_MAX = 512;
    private static final int MODEL_LENGTH_MAX = 256;

    /// Fields of vLLM that neither route has.
    private static final Set<String> VLLM_UNSUPPORTED = Set.of(
            "add_special_tokens",
            "allowed_token_ids",
            "bad_words",
            "cache_salt",
            "chat_template_kwargs",
            "guided_choice",
            "guided_grammar",
            "guided_json",
            "guided_regex",
            "include_stop_str_in_output",
            "kv_transfer_params",
            "length_penalty",
            "priority",
            "repetition_detection",
            "request_id",
            "return_token_ids",
            "return_tokens_as_token_ids",
            "skip_special_tokens",
            "spaces_between_special_tokens",
            "structured_outputs",
            "thinking_token_budget",
            "truncate_prompt_tokens",
            "use_beam_search",
            "vllm_xargs");

    private static final Set<String> CHAT_UNSUPPORTED = Set.of(
            "add_generation_prompt",
            "audio",
            "chat_template",
            "continue_final_message",
            "documents",
            "echo",
            "function_call",
            "functions",
            "include_reasoning",
            "metadata",
            "modalities",
            "moderation",
            "parallel_tool_calls",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_retention",
            "reasoning",
            "reasoning_effort",
            "safety_identifier",
            "service_tier",
            "store",
            "tool_choice",
            "tools",
            "verbosity",
            "web_search_options");

    private static final Set<String> COMPLETION_UNSUPPORTED = Set.of("prompt_embeds", "suffix");

    private final RequestLimits limits;

    private final Field<String> model = required("model", FieldType.text(0, MODEL_LENGTH_MAX), "a served model's name");
    private final Field<String> modelOptional = optional(
            "model", FieldType.text(0, MODEL_LENGTH_MAX), "a served model's name; may be absent if there is one");
    private final Field<List<ChatMessage>> messages;
    private final Field<List<Prompt>> prompt;
    private final Field<String> promptText;
    private final Field<Integer> maxTokens;
    private final Field<Integer> maxCompletionTokens;
    private final Field<Integer> minTokens;
    private final Field<Double> temperature;
    private final Field<Double> topP = optional("top_p", FieldType.numberAbove(0, 1), "nucleus sampling; 1 is off");
    private final Field<Integer> topK = optional("top_k", FieldType.integer(-1, 1_000_000), "0 or -1 is off");
    private final Field<Double> minP = optional("min_p", FieldType.number(0, 1), "0 is off");
    private final Field<Double> presencePenalty = optional("presence_penalty", FieldType.number(-2, 2), "0 is off");
    private final Field<Double> frequencyPenalty = optional("frequency_penalty", FieldType.number(-2, 2), "0 is off");
    private final Field<Double> repetitionPenalty =
            optional("repetition_penalty", FieldType.numberAbove(0, 10), "1 is off");
    private final Field<Map<Integer, Double>> logitBias;
    private final Field<Long> seed =
            optional("seed", FieldType.integer(Long.MIN_VALUE, Long.MAX_VALUE), "the same seed gives the same tokens");
    private final Field<List<String>> stop;
    private final Field<List<Integer>> stopTokenIds;
    private final Field<Boolean> ignoreEos =
            optional("ignore_eos", FieldType.bool(), "the end-of-sequence token does not end the text");
    private final Field<Integer> n;
    private final Field<Boolean> stream = optional("stream", FieldType.bool(), "answer by server-sent events");
    private final Field<Boolean> includeUsage =
            optional("include_usage", FieldType.bool(), "a last chunk with the usage");
    private final Field<FieldValues> streamOptions = optional(
            "stream_options",
            new FieldTable(List.of(includeUsage), Set.of("continuous_usage_stats", "include_obfuscation")),
            "only with stream");
    private final Field<Boolean> logprobs =
            optional("logprobs", FieldType.bool(), "report the log probability of each token");
    private final Field<Integer> topLogprobs;
    private final Field<Integer> completionLogprobs;
    private final Field<Integer> promptLogprobs;
    private final Field<Boolean> echo = optional("echo", FieldType.bool(), "the text begins with the prompt");
    private final Field<JsonNode> bestOf =
            optional("best_of", FieldType.only(JsonNodeFactory.instance.numberNode(1)), "1 only");
    private final Field<JsonNode> responseFormat =
            optional("response_format", FieldType.only(plainText()), "plain text only");
    private final Field<String> user =
            optional("user", FieldType.text(1, USER_LENGTH_MAX), "your end user: nothing is cached across end users");

    private final FieldTable chat;
    private final FieldTable completion;
    private final FieldTable generate;

    public GenerationFields(RequestLimits limits) {
        this.limits = limits;
        PromptTypes prompts = new PromptTypes(limits);
        FieldType<Integer> tokens = FieldType.integer(1, limits.maxTokensMax());
        FieldType<Integer> alternatives = FieldType.integer(0, limits.logprobsMax());
        messages = required("messages", prompts.messages(), "the conversation so far");
        prompt = required("prompt", prompts.prompts(), "one prompt or several, as text or token ids");
        promptText = required("prompt", prompts.text(), "the text to continue");
        maxTokens = optional(
                "max_tokens",
                tokens,
                "at most that many; default " + limits.maxTokensDefault()
                        + ", or what the prompt leaves of the context");
        maxCompletionTokens = optional("max_completion_tokens", tokens, "the newer name of max_tokens");
        minTokens = optional("min_tokens", FieldType.integer(0, limits.maxTokensMax()), "no end before that many");
        temperature = optional(
                "temperature",
                FieldType.number(0, limits.temperatureMax()),
                "0 is greedy; default " + limits.temperatureDefault());
        logitBias =
                optional("logit_bias", logitBiasType(limits.logitBiasMax()), "token id to what is added to its logit");
        stop = optional("stop", stopType(limits), "strings that end the text; not part of it");
        stopTokenIds = optional(
                "stop_token_ids",
                FieldType.listOf(PromptTypes.tokenId(), 0, limits.stopTokenIdsMax()),
                "tokens that end the text");
        n = optional("n", FieldType.integer(1, limits.choicesMax()), "how many answers to each prompt");
        topLogprobs = optional("top_logprobs", alternatives, "how many alternatives to report; only with logprobs");
        completionLogprobs = optional(
                "logprobs",
                FieldType.integer(0, Math.min(COMPLETION_LOGPROBS_MAX, limits.logprobsMax())),
                "how many alternatives to report for each token");
        promptLogprobs = optional("prompt_logprobs", alternatives, "the same for prompt tokens; not with stream");

        List<Field<?>> sampling = List.of(
                minTokens,
                temperature,
                topP,
                topK,
                minP,
                presencePenalty,
                frequencyPenalty,
                repetitionPenalty,
                logitBias,
                seed,
                stop,
                stopTokenIds,
                ignoreEos,
                n,
                stream,
                streamOptions,
                promptLogprobs,
                user,
                responseFormat);
        chat = new FieldTable(
                joined(List.of(model, messages, maxTokens, maxCompletionTokens, logprobs, topLogprobs), sampling),
                union(VLLM_UNSUPPORTED, CHAT_UNSUPPORTED));
        completion = new FieldTable(
                joined(List.of(model, prompt, maxTokens, completionLogprobs, echo, bestOf), sampling),
                union(VLLM_UNSUPPORTED, COMPLETION_UNSUPPORTED));
        generate = new FieldTable(List.of(modelOptional, promptText, maxTokens, temperature), Set.of());
    }

    public FieldTable chatTable() {
        return chat;
    }

    public FieldTable completionTable() {
        return completion;
    }

    public FieldTable generateTable() {
        return generate;
    }

    public Field<Integer> promptLogprobs() {
        return promptLogprobs;
    }

    public GenerationCall chat(FieldValues body) {
        Optional<Integer> newer = body.find(maxCompletionTokens);
        Optional<Integer> older = body.find(maxTokens);
        if (newer.isPresent() && older.isPresent() && !newer.equals(older))
            throw conflict("max_tokens", "another 'max_completion_tokens'", "send one of them");
        boolean wanted = body.get(logprobs, false);
        if (body.find(topLogprobs).isPresent() && !wanted)
            throw conflict("top_logprobs", "'logprobs' absent or false", "set 'logprobs' to true");
        OptionalInt alternatives = wanted ? OptionalInt.of(body.get(topLogprobs, 0)) : OptionalInt.empty();
        List<Prompt> prompts = List.of(new Prompt.Chat(body.get(messages)));
        return call(Optional.of(body.get(model)), prompts, body, newer.or(() -> older), alternatives, false);
    }

    public GenerationCall completion(FieldValues body) {
        OptionalInt alternatives = optionalInt(body.find(completionLogprobs));
        if (body.find(bestOf).isPresent() && body.get(n, 1) > 1)
            throw conflict("best_of", "'n' above it", "leave 'best_of' out");
        return call(
                Optional.of(body.get(model)),
                body.get(prompt),
                body,
                body.find(maxTokens),
                alternatives,
                body.get(echo, false));
    }

    public GenerationCall generate(FieldValues body) {
        List<Prompt> prompts = List.of(new Prompt.Text(body.get(promptText)));
        return call(body.find(modelOptional), prompts, body, body.find(maxTokens), OptionalInt.empty(), false);
    }

    /// What can only be checked when the model is known.
    public void checkVocabulary(GenerationCall call, ModelCard card) {
        call.sampling().logitBias().keySet().forEach(id -> checkToken("logit_bias", id, card));
        call.sampling().stopTokenIds().forEach(id -> checkToken("stop_token_ids", id, card));
        for (Prompt one : call.prompts())
            if (one instanceof Prompt.Tokens tokens) tokens.ids().forEach(id -> checkToken("prompt", id, card));
    }

    static void checkToken(String field, int id, ModelCard card) {
        if (id >= card.vocabularySize())
            throw ServeException.ofField(
                    ErrorCode.TOKEN_OUT_OF_VOCABULARY, field, field, id, card.vocabularySize() - 1);
    }

    private GenerationCall call(
            Optional<String> model,
            List<Prompt> prompts,
            FieldValues body,
            Optional<Integer> tokens,
            OptionalInt alternatives,
            boolean echo) {
        boolean streaming = body.get(stream, false);
        Optional<FieldValues> options = body.find(streamOptions);
        if (options.isPresent() && !streaming)
            throw conflict("stream_options", "'stream' absent or false", "set 'stream' to true or leave it out");
        if (body.find(promptLogprobs).isPresent() && streaming)
            throw conflict("prompt_logprobs", "'stream'", "leave one of them out");
        int maxTokensWanted = tokens.orElse(limits.maxTokensDefault());
        int minTokensWanted = body.get(minTokens, 0);
        if (minTokensWanted > maxTokensWanted)
            throw ServeException.ofField(
                    ErrorCode.OUT_OF_RANGE,
                    "min_tokens",
                    "min_tokens",
                    minTokensWanted,
                    "at most max_tokens " + maxTokensWanted);
        SamplingParams sampling = new SamplingParams(
                body.get(temperature, limits.temperatureDefault()),
                body.get(topP, 1.0),
                Math.max(0, body.get(topK, 0)),
                body.get(minP, 0.0),
                body.get(presencePenalty, 0.0),
                body.get(frequencyPenalty, 0.0),
                body.get(repetitionPenalty, 1.0),
                body.get(logitBias, Map.of()),
                body.find(seed).map(OptionalLong::of).orElse(OptionalLong.empty()),
                maxTokensWanted,
                tokens.isEmpty(),
                minTokensWanted,
                body.get(stop, List.of()),
                Set.copyOf(body.get(stopTokenIds, List.of())),
                body.get(ignoreEos, false),
                alternatives,
                echo && alternatives.isPresent() && body.find(promptLogprobs).isEmpty()
                        ? alternatives
                        : optionalInt(body.find(promptLogprobs)));
        return new GenerationCall(
                model,
                prompts,
                sampling,
                body.get(n, 1),
                body.find(user),
                streaming,
                options.map(values -> values.get(includeUsage, false)).orElse(false),
                echo);
    }

    private static FieldType<List<String>> stopType(RequestLimits limits) {
        FieldType<String> one = FieldType.text(1, limits.stopStringLengthMax());
        return FieldType.either(
                "a string or a list of strings",
                List.of(
                        new Case<>(JsonNode::isString, one.map((path, text) -> List.of(text))),
                        new Case<>(JsonNode::isArray, FieldType.listOf(one, 0, limits.stopStringsMax()))));
    }

    /// An object whose names are token ids.
    private static FieldType<Map<Integer, Double>> logitBiasType(int entriesMax) {
        FieldType<Double> bias = FieldType.number(-100, 100);
        return new FieldType<>() {
            @Override
            public Map<Integer, Double> decode(String path, JsonNode node) {
                if (!node.isObject())
                    throw ServeException.ofField(
                            ErrorCode.WRONG_TYPE, path, path, "an object of token ids and numbers");
                if (node.size() > entriesMax)
                    throw ServeException.ofField(
                            ErrorCode.OUT_OF_RANGE, path, path, node.size() + " entries", "0 to " + entriesMax);
                Map<Integer, Double> result = new LinkedHashMap<>();
                for (Map.Entry<String, JsonNode> entry : node.properties()) {
                    String id = entry.getKey();
                    if (!id.matches("0|[1-9][0-9]{0,8}"))
                        throw ServeException.ofField(
                                ErrorCode.WRONG_TYPE, path, path, "an object of token ids and numbers");
                    result.put(Integer.valueOf(id), bias.decode(path + "." + id, entry.getValue()));
                }
                return result;
            }

            @Override
            public ObjectNode schema() {
                ObjectNode schema = FieldType.schemaOf("object").put("maxProperties", entriesMax);
                schema.set("additionalProperties", bias.schema());
                return schema;
            }
        };
    }

    private static ServeException conflict(String field, String with, String wayOut) {
        return ServeException.ofField(ErrorCode.CONFLICTING_FIELDS, field, field, with, wayOut);
    }

    private static OptionalInt optionalInt(Optional<Integer> value) {
        return value.map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    private static ObjectNode plainText() {
        return JsonNodeFactory.instance.objectNode().put("type", "text");
    }

    private static List<Field<?>> joined(List<Field<?>> first, List<Field<?>> second) {
        List<Field<?>> result = new ArrayList<>(first);
        result.addAll(second);
        return result;
    }

    private static Set<String> union(Set<String> first, Set<String> second) {
        Set<String> result = new HashSet<>(first);
        result.addAll(second);
        return result;
    }
}

package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.engine.template.ChatTemplate;
import dev.redoubt.engine.template.RenderedText;
import dev.redoubt.engine.template.TemplateException;
import dev.redoubt.engine.template.TrustedText;
import dev.redoubt.engine.tokenize.StreamDecoder;
import dev.redoubt.engine.tokenize.Tokenizer;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.GgufMetadata;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/// The text side of a verified artifact: its tokenizer and its chat template.
final class ModelText implements TextCodec {
    private static final List<String> OWN_TOKENS = List.of("bos_token", "eos_token");

    private final String modelName;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final Map<String, Object> ownTokens;

    private ModelText(
            String modelName, Tokenizer tokenizer, Optional<ChatTemplate> template, Map<String, Object> ownTokens) {
        this.modelName = modelName;
        this.tokenizer = tokenizer;
        this.template = template;
        this.ownTokens = Map.copyOf(ownTokens);
    }

    /// Reads what the artifact has; what it returns makes the text side of it, and reads the artifact no more.
    ///
    /// @throws ArtifactException here or there, if the vocabulary, the template or what belongs to them is not
    ///     valid
    static Supplier<ModelText> reading(VerifiedArtifact artifact) {
        Supplier<Tokenizer> tokenizer = Tokenizer.reading(artifact);
        Function<Tokenizer, ModelText> text = switch (artifact.container()) {
            case GGUF -> ofGguf(artifact.name(), artifact.gguf());
            case SAFETENSORS -> ofFolder(artifact);
        };
        return () -> {
            Tokenizer made = tokenizer.get();
            try {
                return text.apply(made);
            } catch (RuntimeException e) {
                made.close();
                throw e;
            }
        };
    }

    /// Whether there is a chat template, without reading the vocabulary.
    static boolean hasTemplate(VerifiedArtifact artifact) {
        return switch (artifact.container()) {
            case GGUF -> artifact.gguf().string("tokenizer.chat_template").isPresent();
            case SAFETENSORS ->
                templateSource(
                                artifact.file("chat_template.jinja"),
                                artifact.file("tokenizer_config.json").map(ModelText::json))
                        .isPresent();
        };
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    private static Function<Tokenizer, ModelText> ofGguf(String modelName, GgufMetadata metadata) {
        Optional<String> template = metadata.string("tokenizer.chat_template");
        Map<String, Long> ids = new HashMap<>();
        for (String name : OWN_TOKENS)
            metadata.integer("tokenizer.ggml." + name + "_id").ifPresent(id -> ids.put(name, id));
        return tokenizer -> {
            Map<String, Object> own = new HashMap<>();
            ids.forEach((name, id) -> {
                if (id >= 0 && id < tokenizer.vocabularySize())
                    own.put(name, new TrustedText(tokenizer.decode(new int[] {id.intValue()}, false)));
            });
            return new ModelText(modelName, tokenizer, parse(template), own);
        };
    }

    private static Function<Tokenizer, ModelText> ofFolder(VerifiedArtifact artifact) {
        Optional<JsonNode> config = artifact.file("tokenizer_config.json").map(ModelText::json);
        Map<String, Object> own = new HashMap<>();
        for (String name : OWN_TOKENS) {
            JsonNode token = config.map(root -> root.get(name)).orElse(null);
            if (token != null && token.isObject()) token = token.get("content");
            if (token != null && token.isString()) own.put(name, new TrustedText(token.stringValue()));
        }
        String modelName = artifact.name();
        Optional<String> template = templateSource(artifact.file("chat_template.jinja"), config);
        return tokenizer -> new ModelText(modelName, tokenizer, parse(template), own);
    }

    @Override
    public boolean chat() {
        return template.isPresent();
    }

    @Override
    public int[] encode(String text) {
        return tokenizer.encode(text);
    }

    @Override
    public int[] encode(List<ChatMessage> messages) {
        return tokenizer.encode(rendered(messages));
    }

    @Override
    public String render(List<ChatMessage> messages) {
        return rendered(messages).text();
    }

    @Override
    public String decode(int[] ids) {
        return tokenizer.decode(ids, false);
    }

    @Override
    public byte[] bytes(int id) {
        return tokenizer.bytes(id);
    }

    @Override
    public StreamDecoder newStreamDecoder(int[] prompt) {
        return tokenizer.newStreamDecoder(true, prompt);
    }

    private RenderedText rendered(List<ChatMessage> messages) {
        if (template.isEmpty()) throw ServeException.of(ErrorCode.NO_CHAT_TEMPLATE, modelName);
        List<Object> data = new ArrayList<>();
        for (ChatMessage message : messages) {
            Map<String, Object> one = new LinkedHashMap<>(); // a template may print it: the order is part of the text
            one.put(
                    "role",
                    new TrustedText(message.role())); // one of a closed set: templates write it into control tokens
            one.put("content", message.content());
            data.add(one);
        }
        Map<String, Object> variables = new HashMap<>(ownTokens);
        variables.put("messages", data);
        variables.put("add_generation_prompt", true);
        try {
            return template.get().render(variables);
        } catch (TemplateException refusal) {
            // The template's own words where it refuses by design; of anything else only that it happened (RULES R5.3).
            String why = refusal.raised() ? String.valueOf(refusal.getMessage()) : "it cannot render them";
            throw ServeException.ofField(ErrorCode.TEMPLATE_REFUSED, "messages", why);
        }
    }

    /// Where a Hugging Face folder keeps its template: a file of its own, or a string or a list of named ones
    /// in the tokenizer's configuration.
    static Optional<String> templateSource(Optional<byte[]> file, Optional<JsonNode> config) {
        if (file.isPresent()) return file.map(bytes -> new String(bytes, StandardCharsets.UTF_8));
        JsonNode found = config.map(node -> node.get("chat_template")).orElse(null);
        if (found == null || found.isNull()) return Optional.empty();
        if (found.isString()) return Optional.of(found.stringValue());
        for (JsonNode named : found) {
            JsonNode name = named.get("name");
            JsonNode source = named.get("template");
            boolean wanted =
                    name != null && name.isString() && name.stringValue().equals("default");
            if (wanted && source != null && source.isString()) return Optional.of(source.stringValue());
        }
        throw new ArtifactException(
                "V4.3",
                "chat_template of tokenizer_config.json is neither a string nor a list with a template 'default'");
    }

    private static Optional<ChatTemplate> parse(Optional<String> source) {
        try {
            return source.map(ChatTemplate::parse);
        } catch (TemplateException invalid) {
            throw new ArtifactException("V4.3", "the chat template cannot be parsed: " + invalid.getMessage());
        }
    }

    static JsonNode json(byte[] bytes) {
        try {
            return new StrictJson(JsonLimits.MODEL_FILE).parse(bytes);
        } catch (JsonRefusal refusal) {
            throw new ArtifactException("V4.3", "tokenizer_config.json is not valid: " + refusal.getMessage());
        }
    }
}

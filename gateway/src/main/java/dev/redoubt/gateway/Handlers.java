package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.EmbeddingModel;
import dev.redoubt.base.generation.EmbeddingRequest;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Access.Needs;
import dev.redoubt.gateway.Access.Open;
import dev.redoubt.gateway.Route.Handling.Get;
import dev.redoubt.gateway.Route.Handling.Post;
import dev.redoubt.gateway.Route.Handling.Probe;
import dev.redoubt.gateway.fields.FieldValues;
import dev.redoubt.gateway.openai.ChatReply;
import dev.redoubt.gateway.openai.CompletionReply;
import dev.redoubt.gateway.openai.CompletionReply.EchoedPrompt;
import dev.redoubt.gateway.openai.EmbeddingCall;
import dev.redoubt.gateway.openai.EmbeddingFields;
import dev.redoubt.gateway.openai.GenerationCall;
import dev.redoubt.gateway.openai.GenerationFields;
import dev.redoubt.gateway.openai.JsonWriter;
import dev.redoubt.gateway.openai.PlainReply;
import dev.redoubt.gateway.openai.ReplyFormat;
import dev.redoubt.gateway.openai.ReplyHead;
import dev.redoubt.gateway.openai.StreamFormat;
import dev.redoubt.gateway.openai.TokenizerFields;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.screen.ScreenMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// What each route does.
final class Handlers {
    static final String DESCRIPTION = "/openapi.json";
    private static final String JSON = "application/json";

    private final EdgeServices services;
    private final ServedModels models;
    private final GenerationFields generation;
    private final EmbeddingFields embedding;
    private final TokenizerFields tokenizer;
    private final PromptScreening screening;

    Handlers(EdgeServices services, ServedModels models) {
        this.services = services;
        this.models = models;
        this.generation = new GenerationFields(services.limits());
        this.embedding = new EmbeddingFields(services.limits());
        this.tokenizer = new TokenizerFields(services.limits());
        this.screening = new PromptScreening(services.policies().screen().own(), services.metrics(), services.audit());
    }

    /// All routes of the edge.
    RouteTable routes(BooleanSupplier closing) {
        Access inference = new Needs(Scope.INFERENCE, Metering.REQUEST);
        Access reading = new Needs(Scope.INFERENCE, Metering.READ);
        List<Route> routes = new ArrayList<>(List.of(
                new Route(
                        inference,
                        "/v1/chat/completions",
                        new Post(generation.chatTable(), this::chat),
                        "answers a conversation"),
                new Route(
                        inference,
                        "/v1/completions",
                        new Post(generation.completionTable(), this::completion),
                        "continues prompts; a text ends at " + stopNames() + " too"),
                new Route(
                        inference,
                        "/v1/embeddings",
                        new Post(embedding.table(), this::embed),
                        "makes a vector of each text"),
                new Route(reading, "/v1/models", new Get(this::listModels), "lists the served models"),
                new Route(reading, "/v1/models/{id}", new Get(this::showModel), "describes one served model"),
                new Route(
                        inference,
                        "/generate",
                        new Post(generation.generateTable(), this::generate),
                        "continues one prompt; a text ends at " + stopNames() + " too"),
                new Route(
                        inference, "/tokenize", new Post(tokenizer.tokenizeTable(), this::tokenize), "gives token ids"),
                new Route(
                        inference,
                        "/detokenize",
                        new Post(tokenizer.detokenizeTable(), this::detokenize),
                        "gives the text of token ids"),
                new Route(new Open(), "/livez", new Probe(() -> 200), "200 while the process answers"),
                new Route(
                        new Open(),
                        "/readyz",
                        new Probe(() -> models.ready(services.audit(), closing) ? 200 : 503),
                        "200 when a model is served, 503 before, while closing and while the audit log cannot be written"),
                metrics(services)));
        Supplier<String> description = OpenApi.later(routes, DESCRIPTION, Scope.INFERENCE, ErrorFormat.OPENAI);
        routes.add(new Route(
                reading,
                DESCRIPTION,
                new Get((exchange, none) -> exchange.reply(200, JSON, description.get())),
                "this description"));
        return new RouteTable(routes, DESCRIPTION);
    }

    /// The one route that both listeners have: the same numbers for the same scope.
    static Route metrics(EdgeServices services) {
        return new Route(
                new Needs(Scope.METRICS, Metering.READ),
                "/metrics",
                new Get((exchange, none) -> exchange.reply(
                        200, EdgeMetrics.CONTENT_TYPE, services.metrics().scrape())),
                "metrics in the text format of Prometheus");
    }

    private void chat(Exchange exchange, FieldValues body) {
        GenerationCall call = generation.chat(body);
        ServedModel served = served(exchange, call.model());
        LanguageModel model = served.language();
        if (!model.card().chat())
            throw ServeException.ofField(
                    ErrorCode.NO_CHAT_TEMPLATE, "model", model.card().name());
        generation.checkVocabulary(call, model.card());
        screening.check(
                exchange,
                "messages",
                call.prompts(),
                services.policies().screen().chat(),
                model);
        ChatReply format = new ChatReply(head(exchange, "chatcmpl-", model, call), call);
        run(exchange, served, call, List.of(), format, streamed(call, format), call.prompts());
    }

    private void completion(Exchange exchange, FieldValues body) {
        GenerationCall call = generation.completion(body);
        ServedModel model = served(exchange, call.model());
        generation.checkVocabulary(call, model.language().card());
        boolean ofText = call.prompts().stream().allMatch(Prompt.Text.class::isInstance);
        if (ofText && !call.echo()) complete(exchange, body, call, model);
        else services.workers().run(exchange, () -> complete(exchange, body, call, model)); // waits for the tokenizer
    }

    private void complete(Exchange exchange, FieldValues body, GenerationCall call, ServedModel served) {
        LanguageModel model = served.language();
        screening.check(
                exchange, "prompt", call.prompts(), services.policies().screen().completions(), model);
        List<Prompt> prompts = call.prompts();
        List<EchoedPrompt> echoes = new ArrayList<>();
        if (call.echo()) {
            boolean scored = call.sampling().logprobs().isPresent();
            if (scored)
                prompts =
                        prompts.stream().map(prompt -> tokenized(prompt, model)).toList();
            for (int i = 0; i < prompts.size(); i++)
                echoes.add(echo(call.prompts().get(i), prompts.get(i), model));
        }
        boolean promptLogprobs = body.find(generation.promptLogprobs()).isPresent();
        CompletionReply format =
                new CompletionReply(head(exchange, "cmpl-", model, call), call, promptLogprobs, echoes);
        run(exchange, served, call, routeStops(), format, streamed(call, format), prompts);
    }

    private void generate(Exchange exchange, FieldValues body) {
        GenerationCall call = generation.generate(body);
        ServedModel served = served(exchange, call.model());
        screening.check(
                exchange, "prompt", call.prompts(), services.policies().screen().completions(), served.language());
        run(exchange, served, call, routeStops(), new PlainReply(), Optional.empty(), call.prompts());
    }

    private void run(
            Exchange exchange,
            ServedModel model,
            GenerationCall call,
            List<String> routeStops,
            ReplyFormat format,
            Optional<StreamFormat> stream,
            List<Prompt> prompts) {
        Caller caller = caller(exchange, call.endUser());
        long deadline = deadline(exchange);
        SamplingParams sampling = call.sampling();
        List<GenerationRequest> requests = prompts.stream()
                .map(prompt -> new GenerationRequest(caller, prompt, sampling, routeStops, call.choices(), deadline))
                .toList();
        new GenerationRun(exchange, model, format, stream, requests).start();
    }

    /// A text to embed is a document more often than a prompt: what the screen finds is counted, and goes on.
    private void embed(Exchange exchange, FieldValues body) {
        EmbeddingCall call = embedding.call(body);
        ServedModel served = served(exchange, call.model());
        EmbeddingModel model = served.embedding();
        screening.check(exchange, "input", call.inputs(), ScreenMode.SIGNAL, model);
        EmbeddingRequest request = new EmbeddingRequest(
                caller(exchange, call.endUser()), call.inputs(), call.dimensions(), deadline(exchange));
        new EmbeddingRun(exchange, served, request, call.format()).start();
    }

    private static Caller caller(Exchange exchange, Optional<String> endUser) {
        Principal principal = exchange.principal();
        return new Caller(principal.application(), principal.keyId(), endUser);
    }

    private long deadline(Exchange exchange) {
        return exchange.startNanos() + services.limits().requestTimeout().toNanos();
    }

    private List<String> routeStops() {
        return services.policies().completionStops();
    }

    private String stopNames() {
        return routeStops().stream().map(Handlers::quoted).collect(Collectors.joining(" or "));
    }

    private static String quoted(String stop) {
        return "'" + stop.replace("\n", "\\n") + "'";
    }

    private static Optional<StreamFormat> streamed(GenerationCall call, StreamFormat format) {
        return call.stream() ? Optional.of(format) : Optional.empty();
    }

    /// A scored echo reports the ids of the prompt, so these very ids are what is computed.
    private static Prompt tokenized(Prompt prompt, LanguageModel model) {
        if (!(prompt instanceof Prompt.Text text)) return prompt;
        List<Integer> ids = Arrays.stream(model.tokenize(text.text())).boxed().toList();
        if (ids.isEmpty()) throw ServeException.ofField(ErrorCode.EMPTY_PROMPT, "prompt", "prompt");
        return new Prompt.Tokens(ids);
    }

    private static EchoedPrompt echo(Prompt asked, Prompt computed, LanguageModel model) {
        List<Integer> ids = computed instanceof Prompt.Tokens tokens ? tokens.ids() : List.of();
        String text = asked instanceof Prompt.Text given
                ? given.text()
                : model.detokenize(ids.stream().mapToInt(Integer::intValue).toArray());
        return new EchoedPrompt(text, ids);
    }

    private void tokenize(Exchange exchange, FieldValues body) {
        LanguageModel model = served(exchange, tokenizer.model(body)).language();
        services.workers().run(exchange, () -> exchange.reply(200, JSON, tokenizer.tokenize(body, model)));
    }

    private void detokenize(Exchange exchange, FieldValues body) {
        LanguageModel model = served(exchange, tokenizer.model(body)).language();
        services.workers().run(exchange, () -> exchange.reply(200, JSON, tokenizer.detokenize(body, model)));
    }

    private void listModels(Exchange exchange, String none) {
        JsonWriter json = new JsonWriter()
                .beginObject()
                .name("object")
                .value("list")
                .name("data")
                .beginArray();
        for (ServedModel one : models.of(exchange.principal().application()))
            write(json, one.model().card());
        exchange.reply(200, JSON, json.endArray().endObject().toString());
    }

    private void showModel(Exchange exchange, String name) {
        JsonWriter json = new JsonWriter();
        write(json, served(exchange, Optional.of(name)).model().card());
        exchange.reply(200, JSON, json.toString());
    }

    private static void write(JsonWriter json, ModelCard card) {
        json.beginObject().name("id").value(card.name()).name("object").value("model");
        json.name("created")
                .value(card.loadedAt().getEpochSecond())
                .name("owned_by")
                .value("redoubt");
        json.name("digest").value("sha256:" + card.digest());
        card.base()
                .ifPresent(base -> json.name("parent")
                        .value(base.name())
                        .name("parent_digest")
                        .value("sha256:" + base.digest()));
        json.name("max_model_len").value(card.contextTokensMax()).endObject();
    }

    private ServedModel served(Exchange exchange, Optional<String> name) {
        return models.find(exchange.principal().application(), name);
    }

    private ReplyHead head(Exchange exchange, String prefix, LanguageModel model, GenerationCall call) {
        return new ReplyHead(
                prefix + exchange.id(), services.time().now().getEpochSecond(), model, call.includeUsage());
    }
}

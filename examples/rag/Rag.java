package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import java.util.List;
import java.util.Optional;

/// Answers a question from passages that are found for it, by a language model.
@Deployment(name = "Rag", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 160)
public final class Rag implements Handler<Rag.Question, Rag.Answer> {
    private static final int TOKENS_MAX = 96;

    public record Question(String question) {}

    /// @param sources what the model was given to answer from, the nearest first
    public record Answer(String answer, List<String> sources) {}

    /// What a language model takes and gives, in the words of its deployment.
    public record Message(String role, String content) {}

    public record Conversation(
            List<Message> messages, Optional<Integer> maxTokens, Optional<Double> temperature, Optional<Long> seed) {}

    public record Usage(int promptTokens, int cachedTokens, int completionTokens) {}

    public record Piece(String text, Optional<String> finishReason, Optional<Usage> usage) {}

    private final DeploymentHandle<Search.Query, Search.Found> search;
    private final DeploymentHandle<Conversation, Piece> model;

    public Rag(
            @To("Search") DeploymentHandle<Search.Query, Search.Found> search,
            @To("Model") DeploymentHandle<Conversation, Piece> model) {
        this.search = search;
        this.model = model;
    }

    @Override
    public Answer handle(Question question) {
        List<String> sources = search.call(new Search.Query(question.question())).get().passages();
        StringBuilder answer = new StringBuilder();
        try (var pieces = model.stream(conversation(question, sources))) {
            while (pieces.hasNext()) answer.append(pieces.next().text());
        }
        return new Answer(answer.toString().strip(), sources);
    }

    /// What a user asks stays text: no passage and no question can speak as the system.
    private static Conversation conversation(Question question, List<String> sources) {
        return new Conversation(
                List.of(
                        new Message("system", "Answer in one sentence, from these facts only:\n- " + String.join("\n- ", sources)),
                        new Message("user", question.question())),
                Optional.of(TOKENS_MAX),
                Optional.of(0.0),
                Optional.empty());
    }
}

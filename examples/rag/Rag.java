package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.language.Conversation;
import dev.redoubt.serve.language.Message;
import dev.redoubt.serve.language.Piece;
import java.util.List;

/// Answers a question from passages that are found for it, by a language model.
@Deployment(name = "Rag", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 160)
public final class Rag implements Handler<Rag.Question, Rag.Answer> {
    private static final int TOKENS_MAX = 96;

    public record Question(String question) {}

    /// @param sources what the model was given to answer from, the nearest first
    public record Answer(String answer, List<String> sources) {}

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
        Message facts = Message.system("Answer in one sentence, from these facts only:\n- " + String.join("\n- ", sources));
        return Conversation.of(facts, Message.user(question.question())).withMaxTokens(TOKENS_MAX).greedy();
    }
}

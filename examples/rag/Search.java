package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Finds the passages that are nearest in meaning to a text. Reads them from the jar; embeds them at the first call.
@Deployment(name = "Search", maxOngoingRequests = 8, cpus = 0.1, memoryMiB = 160)
public final class Search implements Handler<Search.Query, Search.Found> {
    private static final int FOUND_MAX = 3;

    public record Query(String text) {}

    /// @param passages the nearest first
    public record Found(List<String> passages) {}

    private final DeploymentHandle<Embeddings.Texts, Embeddings.Vectors> embeddings;
    private final List<String> passages;
    private volatile List<List<Float>> vectors = List.of();

    public Search(@To("Embeddings") DeploymentHandle<Embeddings.Texts, Embeddings.Vectors> embeddings) throws IOException {
        this.embeddings = embeddings;
        try (InputStream in = Search.class.getResourceAsStream("/passages.txt")) {
            passages = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    @Override
    public Found handle(Query query) {
        if (vectors.isEmpty()) vectors = embed(passages); // twice, if two calls come first: the same both times
        List<List<Float>> all = vectors;
        List<Float> wanted = embed(List.of(query.text())).getFirst();
        return new Found(IntStream.range(0, all.size())
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -nearness(all.get(i), wanted)))
                .limit(FOUND_MAX)
                .map(passages::get)
                .toList());
    }

    private List<List<Float>> embed(List<String> texts) {
        return embeddings.call(new Embeddings.Texts(texts)).get().vectors();
    }

    /// The cosine of the angle between: both have length 1.
    private static double nearness(List<Float> a, List<Float> b) {
        double sum = 0;
        for (int i = 0; i < a.size(); i++) sum += a.get(i) * b.get(i);
        return sum;
    }
}

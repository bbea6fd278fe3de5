package dev.redoubt.cli;

import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Tokens per second of prefill and decode, in the words of `llama-bench`.
@Command(name = "bench", description = "Measure prefill and decode through the engine, as llama-bench does.")
final class BenchCommand implements Callable<Integer> {
    private final Context context;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(
            names = "--prompt",
            paramLabel = "N",
            description = "Tokens of a prompt; 0: no such test. Default: ${DEFAULT-VALUE}.")
    private int prompt = 512;

    @Option(
            names = "--generate",
            paramLabel = "N",
            description = "Tokens to generate; 0: no such test. Default: ${DEFAULT-VALUE}.")
    private int generate = 128;

    @Option(
            names = "--batch",
            split = ",",
            defaultValue = "1,4,16",
            paramLabel = "N",
            description = "Requests at the same time. Default: ${DEFAULT-VALUE}.")
    private List<Integer> batches = List.of();

    @Option(names = "--repeat", paramLabel = "N", description = "Runs that count. Default: ${DEFAULT-VALUE}.")
    private int repeat = 5;

    @Option(
            names = "--json",
            description = "An array of {test, batch, threads, tokens_per_second, spread, outside_forward}.")
    private boolean json;

    BenchCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws InterruptedException {
        range("--prompt", prompt, 0, 1 << 20);
        range("--generate", generate, 0, 1 << 20);
        range("--repeat", repeat, 1, 1000);
        for (int batch : batches) range("--batch", batch, 1, 256);
        int largest = batches.stream().mapToInt(Integer::intValue).max().orElseThrow();
        EngineOptions options = model.local(Math.max(prompt, generate) + 1, largest, false);
        List<Benchmark.Result> results = new ArrayList<>();
        try (Engine engine = new LocalModels(context).engine(model, options)) {
            context.console().note(engine.card().name() + ", " + engine.description());
            for (int batch : batches) {
                if (prompt > 0) results.add(Benchmark.prefill(engine, prompt, batch, repeat));
                if (generate > 0) results.add(Benchmark.decode(engine, generate, batch, repeat));
            }
        }
        if (json)
            Json.print(
                    context.console().out(), results.stream().map(this::object).toList());
        else table(results);
        return ExitCode.OK.code();
    }

    private Map<String, Object> object(Benchmark.Result result) {
        return Json.object(
                "test", result.test(),
                "batch", result.batch(),
                "threads", model.threads(),
                "tokens_per_second", result.tokensPerSecond(),
                "spread", result.spread(),
                "outside_forward", result.outside());
    }

    private void table(List<Benchmark.Result> results) {
        Table table = new Table("TEST", "BATCH", "THREADS", "TOKENS/S", "SPREAD", "OUTSIDE");
        for (Benchmark.Result result : results)
            table.row(
                    result.test(),
                    Integer.toString(result.batch()),
                    Integer.toString(model.threads()),
                    String.format(Locale.ROOT, "%.2f", result.tokensPerSecond()),
                    String.format(Locale.ROOT, "%.2f", result.spread()),
                    String.format(Locale.ROOT, "%.2f %%", 100 * result.outside()));
        table.print(context.console().out());
    }

    private static void range(String option, int value, int low, int high) {
        if (value < low || value > high)
            throw new CommandFailure(
                    ExitCode.USAGE, option + " is " + value + ", allowed is " + low + " to " + high + ": give another");
    }
}

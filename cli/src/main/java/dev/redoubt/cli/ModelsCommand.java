package dev.redoubt.cli;

import dev.redoubt.engine.model.ModelSpec;
import dev.redoubt.engine.model.Models;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Catalogue;
import dev.redoubt.trust.CatalogueEntry;
import dev.redoubt.trust.ModelSource;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.StoreEntry;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The model store.
final class ModelsCommand {
    private ModelsCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview())
                .addSubcommand(new ListAll(context))
                .addSubcommand(new Pull(context))
                .addSubcommand(new Show(context))
                .addSubcommand(new Verify(context))
                .addSubcommand(new Add(context));
    }

    @Command(name = "models", description = "List, fetch, show, verify and add models.")
    private static final class Overview extends CommandGroup {}

    @Command(name = "list", description = "Show what the store has, and what the catalogue could fetch.")
    private static final class ListAll implements Callable<Integer> {
        private final Context context;

        ListAll(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            ModelStore store = new LocalModels(context).store();
            List<StoreEntry> entries = store.list();
            Table table = new Table("MODEL", "SIZE", "FORMAT", "DIGEST", "SOURCE");
            for (StoreEntry entry : entries)
                table.row(
                        entry.name(),
                        megabytes(entry.bytes()),
                        entry.container().name().toLowerCase(Locale.ROOT),
                        entry.digest().substring(0, 12),
                        entry.source());
            for (CatalogueEntry entry : Catalogue.entries())
                if (entries.stream().noneMatch(present -> present.name().equals(entry.name())))
                    table.row(entry.name(), megabytes(entry.bytes()), "-", "-", "catalogue, not fetched yet");
            table.print(context.console().out());
            List<ArtifactException> damaged = store.damaged();
            damaged.forEach(e -> context.console().note(line(e)));
            return (damaged.isEmpty() ? ExitCode.OK : ExitCode.REFUSED).code();
        }
    }

    @Command(name = "pull", description = "Fetch a model of the catalogue.")
    private static final class Pull implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "NAME", description = "As models list shows it.")
        private String name = "";

        @Option(
                names = "--from",
                paramLabel = "FILE",
                description = "Take this file in place of the catalogue's sources.")
        private @Nullable Path from;

        Pull(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            CatalogueEntry entry = Catalogue.find(name)
                    .orElseThrow(() -> new CommandFailure(
                            ExitCode.NO_INPUT,
                            "the catalogue has no model '" + name + "': redoubt models list shows it"));
            if (from != null) entry = entry.from(new ModelSource.LocalFile(from));
            StoreEntry pulled = new LocalModels(context).pull(entry);
            context.console().note(pulled.name() + " is in the store, digest " + pulled.digest());
            return ExitCode.OK.code();
        }
    }

    @Command(name = "show", description = "Show what a model is.")
    private static final class Show implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "NAME|PATH", description = "An entry of the store, or a path.")
        private String name = "";

        Show(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            LocalModels models = new LocalModels(context);
            try (VerifiedArtifact artifact = models.artifact(name)) {
                print(artifact, Models.describe(artifact), ModelFacts.of(artifact));
            }
            return ExitCode.OK.code();
        }

        private void print(VerifiedArtifact artifact, ModelSpec spec, ModelFacts facts) {
            PrintStream out = context.console().out();
            out.println("name            " + artifact.name());
            out.println("architecture    " + spec.architecture());
            out.println("quantization    " + spec.quantization());
            out.println("parameters      " + spec.parameters());
            out.println("size            " + artifact.bytes() + " bytes");
            out.println("layers          " + spec.layers() + " of " + spec.hiddenSize() + ", " + spec.queryHeads()
                    + " query heads, " + spec.kvHeads() + " KV heads of " + spec.headDimension());
            out.println("vocabulary      " + spec.vocabularySize());
            out.println("context         " + spec.contextTokensMax() + " tokens");
            out.println("licence         " + facts.licence().orElse("not stated"));
            out.println("digest          " + artifact.digest());
            new LocalModels(context)
                    .store()
                    .find(artifact.name())
                    .ifPresent(entry -> out.println("files           " + String.join(", ", entry.files())));
            out.println("chat template   " + (facts.chatTemplate().isPresent() ? "" : "none"));
            facts.chatTemplate().ifPresent(template -> template.lines().forEach(line -> out.println("    " + line)));
        }
    }

    @Command(name = "verify", description = "Compare every byte with the manifest and repeat every check.")
    private static final class Verify implements Callable<Integer> {
        private final Context context;

        @Parameters(arity = "0..*", paramLabel = "NAME", description = "Entries of the store; none: all of them.")
        private List<String> names = List.of();

        Verify(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            ModelStore store = new LocalModels(context).store();
            List<ArtifactException> refused = new ArrayList<>(names.isEmpty() ? store.damaged() : List.of());
            List<String> wanted = names.isEmpty()
                    ? store.list().stream().map(StoreEntry::name).toList()
                    : names;
            for (String name : wanted) {
                try {
                    StoreEntry entry = store.verify(name);
                    context.console().out().println(entry.name() + "  " + entry.digest() + "  verified");
                } catch (ArtifactException e) {
                    refused.add(e);
                }
            }
            refused.forEach(e -> context.console().note(line(e)));
            return (refused.isEmpty() ? ExitCode.OK : ExitCode.REFUSED).code();
        }
    }

    @Command(name = "add", description = "Make a local GGUF file or safetensors folder an entry of the store.")
    private static final class Add implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "PATH", description = "The file or folder; it is copied.")
        private String path = "";

        @Option(names = "--name", required = true, paramLabel = "NAME", description = "What it will be called.")
        private String name = "";

        Add(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            StoreEntry entry = new LocalModels(context).store().add(LocalModels.existing(path), name);
            context.console().note(entry.name() + " is in the store, digest " + entry.digest());
            return ExitCode.OK.code();
        }
    }

    private static String line(ArtifactException e) {
        return Refusal.line(e.rule(), String.valueOf(e.getMessage()));
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }
}

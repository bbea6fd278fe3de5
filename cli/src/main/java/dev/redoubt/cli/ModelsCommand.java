package dev.redoubt.cli;

import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.engine.model.Encoders;
import dev.redoubt.engine.model.ModelSpec;
import dev.redoubt.engine.model.Models;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Catalogue;
import dev.redoubt.trust.CatalogueEntry;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.ModelSource;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.QuarantinedModel;
import dev.redoubt.trust.StoreEntry;
import dev.redoubt.trust.TrustEntry;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.Vouch;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
                .addSubcommand(new VouchCommands.Verify(context))
                .addSubcommand(new Add(context))
                .addSubcommand(change(
                        context,
                        "remove",
                        "Remove a model's files and take it off the allow-list.",
                        AuditKind.MODEL_REMOVE,
                        ModelStore::remove,
                        "is removed; under this name only a newer revision can be added"))
                .addSubcommand(new VouchCommands.Trust(context))
                .addSubcommand(change(
                        context,
                        "distrust",
                        "Take a model off the allow-list: the next start refuses it.",
                        AuditKind.MODEL_DISTRUST,
                        (store, name) -> store.trust().distrust(name),
                        "is off the allow-list; its files are where they were"))
                .addSubcommand(CalibrateCommand.line(context))
                .addSubcommand(new JudgeCommand(context))
                .addSubcommand(new VouchCommands.Sign(context))
                .addSubcommand(new VouchCommands.KeyGen(context));
    }

    @Command(
            name = "models",
            description = "List, fetch, show, verify, add, trust, calibrate, judge and sign models and their adapters.")
    private static final class Overview extends CommandGroup {}

    @Command(name = "list", description = "Show what the store has, and what the catalogue could fetch.")
    private static final class ListAll implements Callable<Integer> {
        private final Context context;

        @Option(names = "--quarantine", description = "Show what was refused and set aside, and why.")
        private boolean quarantine;

        ListAll(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            ModelStore store = new LocalModels(context).store();
            if (quarantine) return quarantined(store);
            List<StoreEntry> entries = store.list();
            Table table = new Table("MODEL", "KIND", "SIZE", "FORMAT", "DIGEST", "REVISION", "SIGNER", "SOURCE");
            for (StoreEntry entry : entries)
                table.row(
                        entry.name(),
                        kind(store, entry),
                        megabytes(entry.bytes()),
                        entry.container().name().toLowerCase(Locale.ROOT),
                        entry.digest().substring(0, 12),
                        revision(store.trust().find(entry.name())),
                        signer(store.trust().find(entry.name())),
                        entry.source());
            for (CatalogueEntry entry : Catalogue.entries())
                if (entries.stream().noneMatch(present -> present.name().equals(entry.name())))
                    table.row(
                            entry.name(),
                            "model",
                            megabytes(entry.bytes()),
                            "-",
                            "-",
                            "-",
                            "-",
                            "catalogue, not fetched yet");
            table.print(context.console().out());
            List<ArtifactException> damaged = store.damaged();
            damaged.forEach(e -> context.console().note(line(e)));
            return (damaged.isEmpty() ? ExitCode.OK : ExitCode.REFUSED).code();
        }

        private int quarantined(ModelStore store) {
            Table table = new Table("QUARANTINED", "SIZE", "DURING", "RULE", "REASON");
            for (QuarantinedModel model : store.quarantined())
                table.row(
                        model.folder(),
                        megabytes(model.bytes()),
                        model.during(),
                        model.rule(),
                        printable(model.reason()));
            table.print(context.console().out());
            return ExitCode.OK.code();
        }

        private static String kind(ModelStore store, StoreEntry entry) {
            if (!entry.adapter()) return "model";
            return store.trust()
                    .find(entry.name())
                    .flatMap(TrustEntry::base)
                    .map(base -> "adapter of "
                            + store.findByDigest(base).map(StoreEntry::name).orElse(base.substring(0, 12)))
                    .orElse("adapter");
        }

        private static String revision(Optional<TrustEntry> trusted) {
            return trusted.map(entry -> Long.toString(entry.revision())).orElse("-");
        }

        private static String signer(Optional<TrustEntry> trusted) {
            return trusted.map(entry -> entry.signer().replaceFirst("(sha256:.{12}).*", "$1"))
                    .orElse("not trusted");
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
            said(
                    context,
                    new LocalModels(context).store().trust().find(pulled.name()).orElseThrow());
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
                if (artifact.adapter()) printAdapter(models.store(), artifact);
                else if (Encoders.encodes(artifact))
                    print(artifact, Encoders.describe(artifact).model(), ModelFacts.of(artifact));
                else print(artifact, Models.describe(artifact), ModelFacts.of(artifact));
            }
            return ExitCode.OK.code();
        }

        /// What it changes is only known where its base is.
        private void printAdapter(ModelStore store, VerifiedArtifact adapter) {
            PrintStream out = context.console().out();
            out.println("name            " + adapter.name());
            out.println("kind            adapter");
            Optional<String> base = adapter.trust().flatMap(TrustEntry::base);
            Optional<StoreEntry> present = base.flatMap(store::findByDigest);
            base.ifPresent(digest -> out.println("base            "
                    + present.map(StoreEntry::name).orElse("not in the store") + ", sha256:" + digest));
            present.ifPresent(entry -> {
                try (VerifiedArtifact model = store.open(entry.name())) {
                    AdapterPlan plan = Models.describe(model, List.of(adapter)).getFirst();
                    out.println("rank            " + plan.rank());
                    out.println("layers          " + plan.layers().size());
                    out.println("parameters      " + plan.parameters());
                }
            });
            out.println("size            " + adapter.bytes() + " bytes");
            vouched(adapter);
        }

        private void print(VerifiedArtifact artifact, ModelSpec spec, ModelFacts facts) {
            PrintStream out = context.console().out();
            out.println("name            " + artifact.name());
            out.println("kind            model");
            out.println("architecture    " + spec.architecture());
            out.println("quantization    " + spec.quantization());
            out.println("parameters      " + spec.parameters());
            out.println("size            " + artifact.bytes() + " bytes");
            out.println("layers          " + spec.layers() + " of " + spec.hiddenSize() + ", " + spec.queryHeads()
                    + " query heads, " + spec.kvHeads() + " KV heads of " + spec.headDimension());
            out.println("vocabulary      " + spec.vocabularySize());
            out.println("context         " + spec.contextTokensMax() + " tokens");
            out.println("licence         " + facts.licence().orElse("not stated"));
            vouched(artifact);
            out.println("chat template   " + (facts.chatTemplate().isPresent() ? "" : "none"));
            facts.chatTemplate().ifPresent(template -> template.lines().forEach(line -> out.println("    " + line)));
        }

        private void vouched(VerifiedArtifact artifact) {
            PrintStream out = context.console().out();
            out.println("digest          sha256:" + artifact.digest());
            artifact.trust().ifPresent(entry -> {
                out.println("revision        " + entry.revision());
                out.println("signer          " + entry.signer());
                entry.quantization().ifPresent(method -> out.println("stated          " + method.word()));
                entry.bounds().ifPresent(bounds -> out.println("quality         " + bounds));
            });
            new LocalModels(context)
                    .store()
                    .find(artifact.name())
                    .ifPresent(entry -> out.println("files           " + String.join(", ", entry.files())));
        }
    }

    @Command(
            name = "add",
            description = "Make a local GGUF file or safetensors folder an entry of the store, and trust it.")
    private static final class Add implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "PATH", description = "The file or folder; it is copied.")
        private String path = "";

        @Option(names = "--name", required = true, paramLabel = "NAME", description = "What it will be called.")
        private String name = "";

        @Option(
                names = "--revision",
                paramLabel = "N",
                description =
                        "Of this name; it can only rise. Where the name has other files, they make way for a higher"
                                + " one that is stated. Default: the next one.")
        private @Nullable Long revision;

        @Option(
                names = "--quantization",
                paramLabel = "METHOD",
                description =
                        "How its weights must be stored, such as gguf-q4_1, gptq-4bit, bf16. Default: as its files say.")
        private @Nullable String quantization;

        @Option(
                names = "--base",
                paramLabel = "NAME|sha256:HEX",
                description = "Of a LoRA adapter: the one model that it may be loaded on.")
        private @Nullable String base;

        @Mixin
        private SignatureOptions options = new SignatureOptions();

        Add(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            ModelStore store = new LocalModels(context).store();
            var vouch = new Vouch(
                    options.signer(),
                    options.signature(),
                    revision == null ? OptionalLong.empty() : OptionalLong.of(revision),
                    Optional.ofNullable(quantization).map(Add::method),
                    Optional.ofNullable(base).map(given -> digestOf(store, given)));
            Path source = LocalModels.existing(path);
            StoreEntry entry = context.carryOut(
                    AuditKind.MODEL_ADD,
                    name,
                    () -> {
                        vouch.base().ifPresent(digest -> refuseWhatDoesNotFit(store, source, digest));
                        return store.add(source, name, vouch);
                    },
                    added -> "done, sha256:" + added.digest());
            said(context, store.trust().find(entry.name()).orElseThrow());
            return ExitCode.OK.code();
        }

        private static String digestOf(ModelStore store, String nameOrDigest) {
            if (!LocalModels.isName(nameOrDigest)) return LocalModels.hex(nameOrDigest);
            return store.trust()
                    .find(nameOrDigest)
                    .map(TrustEntry::digest)
                    .orElseThrow(() -> new CommandFailure(
                            ExitCode.NO_INPUT,
                            "--base " + nameOrDigest + " is no model that is trusted: redoubt models list shows all"));
        }

        /// Where the base is at hand: else a start would be the first to tell.
        private static void refuseWhatDoesNotFit(ModelStore store, Path adapter, String baseDigest) {
            Optional<StoreEntry> base = store.findByDigest(baseDigest);
            if (base.isEmpty()) return;
            try (VerifiedArtifact model = store.open(base.get().name());
                    VerifiedArtifact checked = ModelPath.open(adapter)) {
                if (checked.adapter()) Models.describe(model, List.of(checked)); // else the store says what is wrong
            }
        }

        private static Quantization method(String word) {
            return Quantization.of(word)
                    .orElseThrow(() -> new CommandFailure(
                            ExitCode.USAGE,
                            "--quantization " + printable(word) + " is no method, allowed are "
                                    + Arrays.stream(Quantization.values())
                                            .map(Quantization::word)
                                            .collect(Collectors.joining(", "))));
        }
    }

    /// What ends for one entry of the store.
    private static CommandLine change(
            Context context,
            String name,
            String about,
            AuditKind kind,
            BiPredicate<ModelStore, String> change,
            String done) {
        CommandLine line = new CommandLine(new Change(context, kind, change, done));
        line.getCommandSpec().name(name).usageMessage().description(about);
        return line;
    }

    @Command
    private static final class Change implements Callable<Integer> {
        private final Context context;
        private final AuditKind kind;
        private final BiPredicate<ModelStore, String> change;
        private final String done;

        @Parameters(paramLabel = "NAME", description = "An entry of the store.")
        private String name = "";

        Change(Context context, AuditKind kind, BiPredicate<ModelStore, String> change, String done) {
            this.context = context;
            this.kind = kind;
            this.change = change;
            this.done = done;
        }

        @Override
        public Integer call() {
            ModelStore store = new LocalModels(context).store();
            if (!context.carryOut(
                    kind, name, () -> change.test(store, name), changed -> changed ? "done" : "nothing changed"))
                throw new CommandFailure(
                        ExitCode.NO_INPUT, "no model '" + name + "' is trusted: redoubt models list shows all");
            context.console().note(name + " " + done);
            return ExitCode.OK.code();
        }
    }

    static void said(Context context, TrustEntry entry) {
        context.console()
                .note(entry.name() + " is in the store"
                        + entry.base()
                                .map(base -> " as an adapter of sha256:" + base)
                                .orElse("") + ", digest sha256:" + entry.digest() + ", stored as "
                        + entry.quantization().map(Quantization::word).orElseThrow() + ", revision "
                        + entry.revision() + ", vouched for by " + entry.signer());
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }

    static String line(ArtifactException e) {
        return Refusal.line(e.rule(), String.valueOf(e.getMessage()));
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }
}

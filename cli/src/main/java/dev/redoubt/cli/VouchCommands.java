package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.ModelSigner;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.Signer;
import dev.redoubt.trust.StoreEntry;
import dev.redoubt.trust.TrustEntry;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.Vouch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Who vouches for a model, and whether what is there is what was vouched for.
final class VouchCommands {
    private VouchCommands() {}

    @Command(
            name = "verify",
            description =
                    "Compare every byte with the manifest and repeat every check; with a signer, check the signature.")
    static final class Verify implements Callable<Integer> {
        private final Context context;

        @Parameters(
                arity = "0..*",
                paramLabel = "NAME|PATH",
                description = "Entries of the store, files or folders; none: all entries.")
        private List<String> names = List.of();

        @Mixin
        private SignatureOptions options = new SignatureOptions();

        Verify(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            ModelStore store = new LocalModels(context).store();
            Optional<Signer> signer = options.signer();
            List<ArtifactException> refused = new ArrayList<>(names.isEmpty() ? store.damaged() : List.of());
            List<String> wanted = names.isEmpty()
                    ? store.list().stream().map(StoreEntry::name).toList()
                    : names;
            for (String name : wanted) {
                try {
                    context.console().out().println(name + "  sha256:" + verified(store, name, signer));
                } catch (ArtifactException e) {
                    refused.add(e);
                }
            }
            refused.forEach(e -> context.console().note(ModelsCommand.line(e)));
            return (refused.isEmpty() ? ExitCode.OK : ExitCode.REFUSED).code();
        }

        /// @return the digest, and what is known of it
        private String verified(ModelStore store, String name, Optional<Signer> signer) {
            var vouch = new Vouch(signer, options.signature(), OptionalLong.empty(), Optional.empty());
            String signed = signer.map(who -> ", signed by " + who.id()).orElse("");
            if (LocalModels.isName(name) && store.find(name).isPresent()) {
                String digest = (signer.isPresent() ? store.verify(name, vouch) : store.verify(name)).digest();
                String trust = store.trust()
                        .find(name)
                        .map(entry -> "revision " + entry.revision() + " by " + entry.signer())
                        .orElse("not on the allow-list");
                return digest + "  verified, " + trust + signed;
            }
            try (VerifiedArtifact artifact = ModelPath.open(LocalModels.existing(name), vouch)) {
                return artifact.digest() + "  verified" + signed;
            }
        }
    }

    @Command(
            name = "trust",
            description = "Put an entry of the store on the allow-list, by its digest or its signature.")
    static final class Trust implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "NAME", description = "An entry of the store.")
        private String name = "";

        @Option(names = "--digest", paramLabel = "sha256:HEX", description = "What it must be.")
        private @Nullable String digest;

        @Mixin
        private SignatureOptions options = new SignatureOptions();

        @Mixin
        private BoundsOptions quality = new BoundsOptions();

        Trust(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            Optional<Signer> signer = options.signer();
            if ((digest == null) == signer.isEmpty())
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "models trust needs a --signer or a --digest: give one, a name vouches for nothing");
            ModelStore store = new LocalModels(context).store();
            String hex = digest == null ? "" : LocalModels.hex(digest);
            TrustEntry trusted = context.carryOut(
                    AuditKind.MODEL_TRUST,
                    name,
                    () -> {
                        TrustEntry entry = signer.isPresent()
                                ? store.trust().allow(name, signer.get(), options.signature())
                                : store.trust().allow(name, hex);
                        return quality.given() ? store.trust().bound(name, entry.digest(), quality.over(entry)) : entry;
                    },
                    entry -> "done, sha256:" + entry.digest());
            ModelsCommand.said(context, trusted);
            return ExitCode.OK.code();
        }
    }

    @Command(name = "sign", description = "Sign a GGUF file or model folder (OpenSSF Model Signing).")
    static final class Sign implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "PATH", description = "The file or folder; every file in it is covered.")
        private String path = "";

        @Option(names = "--key", required = true, paramLabel = "FILE", description = "A private key, PEM, mode 0600.")
        private Path key = Path.of("");

        @Option(
                names = "--out",
                paramLabel = "FILE",
                description = "Where the signature goes. Default: model.sig in the folder, FILE.sig beside a file.")
        private @Nullable Path out;

        Sign(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            Path model = LocalModels.existing(path);
            byte[] bundle = context.carryOut(
                    AuditKind.MODEL_SIGN,
                    String.valueOf(model.getFileName()),
                    () -> ModelSigner.sign(model, key),
                    made -> "done");
            Path beside = Files.isDirectory(model) ? model.resolve("model.sig") : Path.of(path + ".sig");
            Path target = out == null ? beside : out;
            DurableFiles.replace(target, bundle);
            Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-r--r--")); // it is for others
            context.console().note("signature " + target + ": others check it with models verify --signer");
            return ExitCode.OK.code();
        }
    }

    @Command(name = "keygen", description = "Make a pair of keys to sign models with (P-256).")
    static final class KeyGen implements Callable<Integer> {
        private final Context context;

        @Option(
                names = "--out",
                required = true,
                paramLabel = "NAME",
                description = "NAME.pem will be the private key, NAME.pub.pem the public one.")
        private String out = "";

        KeyGen(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            Path privateKey = Path.of(out + ".pem");
            Path publicKey = Path.of(out + ".pub.pem");
            for (Path file : List.of(privateKey, publicKey))
                if (Files.exists(file))
                    throw new CommandFailure(
                            ExitCode.USAGE, file + " exists, keys are never overwritten: take another --out");
            ModelSigner.Keys keys = ModelSigner.generateKeys();
            DurableFiles.replace(privateKey, keys.privatePem());
            DurableFiles.replace(publicKey, keys.publicPem());
            context.console()
                    .note("private key " + privateKey + " (keep it), public key " + publicKey + " (give it away)");
            return ExitCode.OK.code();
        }
    }
}

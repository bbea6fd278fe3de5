package dev.redoubt.cli;

import dev.redoubt.trust.Signer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Where a signature and its signer are; the same words for every command that checks one.
final class SignatureOptions {
    @Option(
            names = "--signer",
            paramLabel = "FILE",
            description = "Whose signature it must carry: a public key or certificates, PEM.")
    private @Nullable Path signer;

    @Option(
            names = "--signature",
            paramLabel = "FILE",
            description = "The signature. Default: model.sig in the model's folder.")
    private @Nullable Path signature;

    Optional<Signer> signer() throws IOException {
        if (signer == null && signature != null)
            throw new CommandFailure(ExitCode.USAGE, "--signature needs a --signer: name the signer's public key");
        return signer == null ? Optional.empty() : Optional.of(Signer.ofPem(Files.readAllBytes(signer)));
    }

    Optional<Path> signature() {
        return Optional.ofNullable(signature);
    }
}

package dev.redoubt.cli;

import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// API keys. A server that runs sees every change at once: both work on the same database.
final class KeysCommand {
    private KeysCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview())
                .addSubcommand(new Create(context))
                .addSubcommand(new ListAll(context))
                .addSubcommand(new Revoke(context));
    }

    @Command(name = "keys", description = "Create, list and revoke API keys.")
    private static final class Overview extends CommandGroup {}

    /// Prints the key alone on stdout, once it is durable.
    @Command(name = "create", description = "Make a key and print it, once.")
    private static final class Create implements Callable<Integer> {
        private final Context context;

        @Option(
                names = "--application",
                required = true,
                paramLabel = "NAME",
                description = "Whose key it is: lower-case letters, digits and hyphens.")
        private String application = "";

        @Option(
                names = "--scopes",
                split = ",",
                defaultValue = "inference",
                paramLabel = "SCOPE",
                description = "What it allows: inference, metrics. Default: ${DEFAULT-VALUE}.")
        private List<String> scopes = List.of();

        Create(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            Set<Scope> wanted = EnumSet.noneOf(Scope.class);
            for (String scope : scopes)
                wanted.add(Scope.ofWire(scope.strip())
                        .orElseThrow(() -> new CommandFailure(
                                ExitCode.USAGE,
                                "--scopes has '" + scope + "', allowed are inference and metrics: name one or both")));
            checkApplication(application);
            try (KeyStore keys = KeyStore.open(context.home())) {
                KeyStore.Created created = keys.create(application, wanted);
                context.console().out().println(created.secret());
                context.console()
                        .note("key " + created.keyId() + " for application " + application
                                + ": store it now, it is not shown again");
            }
            return ExitCode.OK.code();
        }
    }

    @Command(name = "list", description = "Show all keys, never the secrets.")
    private static final class ListAll implements Callable<Integer> {
        private final Context context;

        ListAll(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            Table table = new Table("KEY", "APPLICATION", "SCOPES", "CREATED", "STATE");
            try (KeyStore keys = KeyStore.open(context.home())) {
                for (KeyStore.KeyRecord key : keys.list())
                    table.row(
                            key.keyId(),
                            key.application(),
                            key.scopes().stream().map(Scope::wire).sorted().collect(Collectors.joining(",")),
                            key.createdAt().toString(),
                            key.revokedAt().map(at -> "revoked " + at).orElse("active"));
            }
            table.print(context.console().out());
            return ExitCode.OK.code();
        }
    }

    @Command(name = "revoke", description = "Make a key useless at once.")
    private static final class Revoke implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "KEY", description = "The key's id, as keys list shows it.")
        private String keyId = "";

        Revoke(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            try (KeyStore keys = KeyStore.open(context.home())) {
                if (!keys.revoke(keyId))
                    throw new CommandFailure(
                            ExitCode.NO_INPUT, "no active key '" + keyId + "': redoubt keys list shows all");
            }
            context.console().note("key " + keyId + " is revoked");
            return ExitCode.OK.code();
        }
    }

    /// R4.1: every application has a name of its own.
    private static void checkApplication(String name) {
        if (!name.matches("[a-z0-9][a-z0-9-]{0,62}") || name.equals("default"))
            throw new Refusal(List.of(Refusal.line(
                    "R4.1",
                    "application:'" + name + "'",
                    "a name of its own, 1 to 63 of a-z 0-9 -, not 'default'",
                    "--application NAME")));
    }
}

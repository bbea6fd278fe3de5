package dev.redoubt.cli;

import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.KeyStore.KeyRecord;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditLog;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// API keys. A server that runs sees every change at once: both work on the same database.
final class KeysCommand {
    private static final String SCOPES = "inference, metrics, admin:read, admin:write";

    private KeysCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview())
                .addSubcommand(new Create(context))
                .addSubcommand(new ListAll(context))
                .addSubcommand(new Rotate(context))
                .addSubcommand(change(
                        context, "disable", "Make a key useless until it is enabled.", KeyStore::disable, "disabled"))
                .addSubcommand(change(context, "enable", "Undo disable.", KeyStore::enable, "enabled"))
                .addSubcommand(change(
                        context, "revoke", "Make a key useless at once and for ever.", KeyStore::revoke, "revoked"));
    }

    @Command(name = "keys", description = "Create, list, rotate, disable and revoke API keys.")
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
                description = "What it allows: " + SCOPES + ". Default: ${DEFAULT-VALUE}.")
        private List<String> scopes = List.of();

        @Option(
                names = "--expires",
                paramLabel = "WHEN",
                description = "After 90m, 24h or 30d, or on a date such as 2027-01-31. Default: never.")
        private @Nullable String expires;

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
                                "--scopes has '" + scope + "', allowed are " + SCOPES + ": name some of them")));
            checkApplication(application);
            Optional<Instant> end =
                    expires == null ? Optional.empty() : Optional.of(Times.end("--expires", expires, Instant.now()));
            try (AuditLog audit = AuditLog.open(context.home());
                    KeyStore keys = KeyStore.open(context.home(), audit)) {
                print(context, keys.create(application, wanted, end), "for application " + application);
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

        @Option(names = "--json", description = "One JSON array.")
        private boolean json;

        @Override
        public Integer call() {
            List<KeyRecord> all;
            try (AuditLog audit = AuditLog.open(context.home());
                    KeyStore keys = KeyStore.open(context.home(), audit)) {
                all = keys.list();
            }
            if (json) context.console().out().println(json(all));
            else table(all).print(context.console().out());
            return ExitCode.OK.code();
        }

        private static Table table(List<KeyRecord> keys) {
            Table table = new Table("KEY", "APPLICATION", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "STATE");
            for (KeyRecord key : keys)
                table.row(
                        key.keyId(),
                        key.application(),
                        String.join(",", scopes(key)),
                        key.createdAt().toString(),
                        key.expiresAt().map(Instant::toString).orElse("never"),
                        key.lastUsedAt().map(Instant::toString).orElse("-"),
                        state(key));
            return table;
        }

        private static String state(KeyRecord key) {
            return switch (key.state(Instant.now())) {
                case ACTIVE -> "active";
                case EXPIRED -> "expired";
                case DISABLED -> "disabled " + key.disabledAt().orElseThrow();
                case REVOKED -> "revoked " + key.revokedAt().orElseThrow();
            };
        }

        private static String json(List<KeyRecord> keys) {
            ArrayNode list = JsonNodeFactory.instance.arrayNode();
            for (KeyRecord key : keys) {
                ObjectNode one = list.addObject().put("key_id", key.keyId()).put("application", key.application());
                ArrayNode scopes = one.putArray("scopes");
                scopes(key).forEach(scopes::add);
                one.put("state", key.state(Instant.now()).name().toLowerCase(Locale.ROOT));
                one.put("created_at", key.createdAt().toString());
                put(one, "expires_at", key.expiresAt());
                put(one, "disabled_at", key.disabledAt());
                put(one, "revoked_at", key.revokedAt());
                put(one, "last_used_at", key.lastUsedAt());
            }
            return list.toString();
        }

        private static void put(ObjectNode key, String name, Optional<Instant> time) {
            if (time.isPresent()) key.put(name, time.get().toString());
            else key.putNull(name);
        }

        private static List<String> scopes(KeyRecord key) {
            return key.scopes().stream().map(Scope::wire).sorted().toList();
        }
    }

    /// Prints the new key alone on stdout, once both changes are durable.
    @Command(name = "rotate", description = "Make a key in the place of another, which goes on for a while.")
    private static final class Rotate implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "KEY", description = "The old key's id, as keys list shows it.")
        private String keyId = "";

        @Option(
                names = "--overlap",
                defaultValue = "24h",
                paramLabel = "TIME",
                description = "How long the old key goes on: 0 to 7d. Default: ${DEFAULT-VALUE}.")
        private String overlap = "";

        Rotate(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() {
            Duration time = Times.length("--overlap", overlap);
            if (time.compareTo(KeyStore.OVERLAP_MAX) > 0)
                throw new CommandFailure(
                        ExitCode.USAGE, "--overlap is " + overlap + ", allowed is 0 to 7d: give a shorter time");
            try (AuditLog audit = AuditLog.open(context.home());
                    KeyStore keys = KeyStore.open(context.home(), audit)) {
                KeyStore.Created created = keys.rotate(keyId, time).orElseThrow(() -> unknown(keyId, "active"));
                print(context, created, "in the place of " + keyId + ", which goes on for " + overlap);
            }
            return ExitCode.OK.code();
        }
    }

    /// A change of one key's state.
    private static CommandLine change(
            Context context, String name, String about, BiPredicate<KeyStore, String> change, String done) {
        CommandLine line = new CommandLine(new Change(context, change, done));
        line.getCommandSpec().name(name).usageMessage().description(about);
        return line;
    }

    @Command
    private static final class Change implements Callable<Integer> {
        private final Context context;
        private final BiPredicate<KeyStore, String> change;
        private final String done;

        @Parameters(paramLabel = "KEY", description = "The key's id, as keys list shows it.")
        private String keyId = "";

        Change(Context context, BiPredicate<KeyStore, String> change, String done) {
            this.context = context;
            this.change = change;
            this.done = done;
        }

        @Override
        public Integer call() {
            try (AuditLog audit = AuditLog.open(context.home());
                    KeyStore keys = KeyStore.open(context.home(), audit)) {
                if (!change.test(keys, keyId)) throw unknown(keyId, "fitting");
            }
            context.console().note("key " + keyId + " is " + done);
            return ExitCode.OK.code();
        }
    }

    private static void print(Context context, KeyStore.Created created, String what) {
        context.console().out().println(created.secret());
        context.console().note("key " + created.keyId() + " " + what + ": store it now, it is not shown again");
    }

    private static CommandFailure unknown(String keyId, String state) {
        return new CommandFailure(
                ExitCode.NO_INPUT,
                "no " + state + " key '" + keyId + "': redoubt keys list shows all and their states");
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

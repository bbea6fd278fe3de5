package dev.redoubt.bench.edge;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.HttpEdge;
import dev.redoubt.gateway.ModelRegistry;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.gateway.Served;
import dev.redoubt.gateway.TlsOptions;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.policy.limit.RateLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore.PasswordProtection;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// What the whole edge adds to a small request, with and without TLS, beside a bare server of the same HTTP
/// library; and what its layers take of it.
///
/// Arguments: an empty folder, and one with what `dev-cert` made.
public final class EdgeBench {
    private static final int ROUNDS = 5;
    private static final int WARM_UP = 15_000;
    private static final int EACH = 4_000;
    private static final int CONNECTIONS = 8;
    /// Every limit is kept and none is met.
    private static final RateLimits RATES = new RateLimits(100_000, Integer.MAX_VALUE, 1000, 1000, 1000, 100_000, 1000);
    private static final int KEYS = 10; // none comes to its 100,000 a minute

    private EdgeBench() {}

    private record Server(String name, SocketFactory sockets, int port) {}

    public static void main(String[] args) throws Exception {
        Home home = new Home(Path.of(args[0]).toAbsolutePath());
        Files.createDirectories(home.root());
        Path certificates = Path.of(args[1]);
        ModelRegistry models = new ModelRegistry();
        models.register(new InstantModel());
        TimeSource time = TimeSource.system();
        try (AuditLog audit = AuditLog.open(home);
                KeyStore keys = KeyStore.open(home, audit);
                RateLimiter limiter = RateLimiter.open(home.limitWindows(), RATES, time);
                BareServer bare = new BareServer();
                HttpEdge plain = HttpEdge.start(
                        options(Optional.empty()), Optional.empty(), Served.of(models), keys, limiter, audit, time);
                HttpEdge secured = HttpEdge.start(
                        options(Optional.of(tls(certificates))),
                        Optional.empty(),
                        Served.of(models),
                        keys,
                        limiter,
                        audit,
                        time)) {
            List<String> secrets = new ArrayList<>();
            for (int i = 0; i < KEYS; i++)
                secrets.add(keys.create("bench", Set.of(Scope.INFERENCE)).secret());
            compare(
                    List.of(
                            new Server("bare Vert.x", SocketFactory.getDefault(), bare.port()),
                            new Server("every layer", SocketFactory.getDefault(), plain.port()),
                            new Server("every layer, TLS 1.3", trusting(certificates), secured.port())),
                    secrets);
            new Layers(keys, limiter, audit, secrets.getFirst()).print();
        }
    }

    private static EdgeOptions options(Optional<TlsOptions> tls) {
        return new EdgeOptions(
                "127.0.0.1", 0, RequestLimits.DEFAULT, RATES, Optional.empty(), RoutePolicies.DEFAULT, tls);
    }

    private static TlsOptions tls(Path folder) {
        return new TlsOptions(
                folder.resolve("server.crt"),
                () -> Files.readAllBytes(folder.resolve("server.key")),
                Optional.empty(),
                List.of("1.3"),
                Map.of());
    }

    private static SocketFactory trusting(Path folder) throws GeneralSecurityException, IOException {
        var store = java.security.KeyStore.Builder.newInstance("PKCS12", null, new PasswordProtection(new char[0]))
                .getKeyStore();
        try (var in = Files.newInputStream(folder.resolve("ca.crt"))) {
            store.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    /// Rounds alternate between the servers; a cell is the median of the rounds.
    private static void compare(List<Server> servers, List<String> keys) throws Exception {
        double[][][] rounds = new double[servers.size()][4][ROUNDS];
        for (Server server : servers) load(server, keys.getFirst()).run(1, WARM_UP);
        for (int round = 0; round < ROUNDS; round++)
            for (int s = 0; s < servers.size(); s++) {
                Load load = load(servers.get(s), keys.get((round * servers.size() + s) % KEYS));
                Load.Result alone = load.run(1, EACH);
                Load.Result many = load.run(CONNECTIONS, EACH);
                double[] cells = {alone.p50Micros(), alone.p99Micros(), many.p99Micros(), many.perSecond()};
                for (int cell = 0; cell < cells.length; cell++) rounds[s][cell][round] = cells[cell];
            }
        System.out.printf(
                "%-22s %12s %12s %18s %14s%n", "", "1: p50 µs", "1: p99 µs", CONNECTIONS + ": p99 µs", "requests/s");
        for (int s = 0; s < servers.size(); s++)
            System.out.printf(
                    Locale.ROOT,
                    "%-22s %12.0f %12.0f %18.0f %14.0f%n",
                    servers.get(s).name(),
                    median(rounds[s][0]),
                    median(rounds[s][1]),
                    median(rounds[s][2]),
                    median(rounds[s][3]));
    }

    private static Load load(Server server, String key) {
        return new Load(server.sockets(), server.port(), Load.post("/v1/chat/completions", key, Layers.BODY));
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}

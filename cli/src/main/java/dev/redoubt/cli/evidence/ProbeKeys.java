package dev.redoubt.cli.evidence;

import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.KeyStore.Created;
import dev.redoubt.policy.Scope;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// Keys of one application that live as long as the probes: revoked at the end, and expired soon after if the end is
/// never reached.
final class ProbeKeys implements AutoCloseable {
    /// Whose keys are foreign to every configuration that names its applications.
    static final String OWN_APPLICATION = "redoubt-evidence";

    private static final Duration LIFE = Duration.ofMinutes(15);
    private static final Duration NOTICED = Duration.ofSeconds(5); // a server looks every quarter of a second

    /// Of a key; fewer than the 60 of the rules, so that no probe is refused for another one's sake.
    private static final int REQUESTS_MAX = 50;

    private final KeyStore store;
    private final Wire wire;
    private final Target target;
    private final String application;
    private final Map<String, ProbeKeys> all; // of each application, shared by them as the next
    private final List<Created> made;
    private String current = "";
    private int requestsLeft;

    private ProbeKeys(
            KeyStore store,
            Wire wire,
            Target target,
            String application,
            Map<String, ProbeKeys> all,
            List<Created> made) {
        this.store = store;
        this.wire = wire;
        this.target = target;
        this.application = application;
        this.all = all;
        this.made = made;
    }

    /// Of the first application. To be closed when those of all applications are done with.
    static ProbeKeys of(KeyStore store, Wire wire, Target target) {
        Map<String, ProbeKeys> all = new HashMap<>();
        ProbeKeys first =
                new ProbeKeys(store, wire, target, target.applications().getFirst(), all, new ArrayList<>());
        all.put(first.application, first);
        return first;
    }

    /// Those of another application, which are revoked with these.
    ProbeKeys of(String other) {
        return all.computeIfAbsent(other, name -> new ProbeKeys(store, wire, target, name, all, made));
    }

    String application() {
        return application;
    }

    /// For one request: a key that the server takes and that has a request left in this minute.
    ///
    /// @throws IOException as [#taken]
    String next() throws IOException, InterruptedException {
        if (requestsLeft == 0) {
            current = taken();
            requestsLeft = Math.min(REQUESTS_MAX, target.edge().rates().requestsPerMinute());
        }
        requestsLeft--;
        return current;
    }

    /// For reads, which are counted apart.
    String reader() throws IOException, InterruptedException {
        if (current.isEmpty()) next();
        return current;
    }

    /// All that were made, of each application, the keys themselves.
    List<String> secrets() {
        return made.stream().map(Created::secret).toList();
    }

    /// A new key that the server takes already.
    ///
    /// @throws IOException if it does not
    String taken() throws IOException, InterruptedException {
        String secret = made(application, Scope.INFERENCE).secret();
        await(secret, 200);
        return secret;
    }

    /// One that reads metrics and nothing else: to be used after another one was taken.
    String metrics() {
        return made(application, Scope.METRICS).secret();
    }

    /// One that the server has had the time to see, and may not take.
    String foreign() {
        return made(OWN_APPLICATION, Scope.INFERENCE).secret();
    }

    private Created made(String application, Scope scope) {
        Created created = store.create(
                application, Set.of(scope), Optional.of(Instant.now().plus(LIFE)));
        made.add(created);
        return created;
    }

    /// A key that the server took and does not take any more.
    String revoked() throws IOException, InterruptedException {
        Created created = made(application, Scope.INFERENCE);
        await(created.secret(), 200);
        store.revoke(created.keyId());
        await(created.secret(), 401);
        return created.secret();
    }

    private void await(String secret, int status) throws IOException, InterruptedException {
        long end = System.nanoTime() + NOTICED.toNanos();
        int seen = wire.get("/v1/models", secret).status();
        while (seen != status) {
            if (System.nanoTime() > end)
                throw new IOException("a key that was changed here answers " + seen + " after " + NOTICED.toSeconds()
                        + " s, expected is " + status + ": is this the home of that server?");
            TimeUnit.MILLISECONDS.sleep(100);
            seen = wire.get("/v1/models", secret).status();
        }
    }

    @Override
    public void close() {
        for (Created one : made) store.revoke(one.keyId());
    }
}

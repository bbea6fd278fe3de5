package dev.redoubt.gateway;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditException;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.ServerSSLOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes a renewed certificate into use without a restart: new connections get it, those that are open keep
/// theirs.
/// Owner of one thread.
final class TlsWatch implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(TlsWatch.class);

    private final TlsOptions options;
    private final TimeSource time;
    private final List<HttpServer> servers;
    private final Optional<HttpServer> http2;
    private final AuditLog audit;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().daemon().name("tls-watch").unstarted(this::watch);
    private TlsFiles inUse; // tls-watch only, once it runs
    private String said = ""; // as above: the last complaint, said once

    /// @param servers of HTTP/1.1
    /// @param http2 a server of HTTP/2, if there is one
    TlsWatch(
            TlsOptions options,
            TimeSource time,
            List<HttpServer> servers,
            Optional<HttpServer> http2,
            AuditLog audit,
            TlsFiles inUse) {
        this.options = options;
        this.time = time;
        this.servers = List.copyOf(servers);
        this.http2 = http2;
        this.audit = audit;
        this.inUse = inUse;
    }

    void start() {
        thread.start();
    }

    private void watch() {
        try {
            while (!closing.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) look();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        try {
            TlsFiles found = TlsFiles.read(options, time.now());
            said = "";
            if (found.same(inUse)) return;
            audit.carryOut(renewal(found), () -> use(found), renewed -> "done");
            inUse = found;
            LOG.info("certificate renewed, valid until {}", found.validUntil());
        } catch (TlsException unusable) { // a renewal may be half done: what is in use stays
            String message = String.valueOf(unusable.getMessage());
            if (!message.equals(said)) {
                LOG.warn("certificate not renewed: {}", message);
                audit.note(AuditEvent.of(AuditKind.CERTIFICATE_RENEW, AuditEvent.SERVER, "", "")
                        .refusedBy(Requirement.R1_2));
            }
            said = message;
        } catch (AuditException | CompletionException e) { // the next look tries again
            LOG.warn("certificate not renewed: {}", e.getClass().getSimpleName());
        }
    }

    private static AuditEvent renewal(TlsFiles found) {
        return AuditEvent.of(AuditKind.CERTIFICATE_RENEW, AuditEvent.SERVER, "", found.fingerprint());
    }

    /// @return whether it is another one than before, for one of the servers at least: those of one port share
    ///     it
    private boolean use(TlsFiles found) {
        boolean changed = false;
        for (HttpServer server : servers) changed |= use(server, found.serverOptions());
        if (http2.isPresent()) changed |= use(http2.get(), found.http2Options());
        return changed;
    }

    private static boolean use(HttpServer server, ServerSSLOptions options) {
        return server.updateSSLOptions(options)
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    @Override
    public void close() {
        closing.countDown();
        thread.interrupt();
    }
}

package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/// Downloads one file of a hub over HTTPS, resuming where an earlier attempt, or process, was cut off.
final class HubFetch {
    /* Nothing the server says is trusted: redirects lead to https only and a bounded number of times, the
     * token goes to the hub's own host and no other, a range must begin where it was asked to, no more bytes
     * are taken than the entry has, and the digest decides, which [ModelPull] compares. An attempt that brought bytes is followed by
     * another, one that brought none counts against a limit. */
    private static final String ENDPOINT = "https://huggingface.co";
    private static final int REDIRECTS_MAX = 5;
    private static final int IDLE_ATTEMPTS_MAX = 4;
    private static final int ATTEMPTS_MAX = 100;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration STALL_MAX = Duration.ofSeconds(60);
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "[::1]");

    private final CatalogueEntry entry;
    private final URI file;
    private final HubToken token;
    private final Duration retryDelay;

    /// @throws ArtifactException if `HF_ENDPOINT` is not an https address
    HubFetch(
            ModelSource.Hub hub,
            CatalogueEntry entry,
            Map<String, String> environment,
            HubToken token,
            Duration retryDelay) {
        this.entry = entry;
        this.token = token;
        this.retryDelay = retryDelay;
        String base = environment.getOrDefault("HF_ENDPOINT", ENDPOINT).strip().replaceAll("/+$", "");
        try {
            this.file = URI.create(base + "/" + hub.repository() + "/resolve/" + hub.revision() + "/" + hub.file());
        } catch (IllegalArgumentException e) {
            throw Refusals.files(
                    "HF_ENDPOINT '%s' is not an address: set https://HOST or unset it", StrangerText.shown(base));
        }
        requireSafe(file);
    }

    private static boolean isHttps(URI address) {
        return "https".equalsIgnoreCase(address.getScheme());
    }

    private static void requireSafe(URI address) {
        boolean plainLoopback =
                "http".equalsIgnoreCase(address.getScheme()) && LOOPBACK.contains(String.valueOf(address.getHost()));
        if (!isHttps(address) && !plainLoopback)
            throw Refusals.files(
                    "the hub leads to '%s', only https is followed", StrangerText.shown(address.toString()));
        if (address.getHost() == null || address.getUserInfo() != null)
            throw Refusals.files("the hub leads to an address without a plain host");
    }

    /// Returns when all bytes are there; whether they are the right ones is not known yet.
    ///
    /// @param partial what earlier attempts brought, kept on failure unless it cannot be part of the file
    void fetch(Path partial, PullMeter meter) throws IOException {
        long present = Files.exists(partial) ? Files.size(partial) : 0;
        if (present > entry.bytes()) Files.delete(partial);
        DiskSpace.require(
                Objects.requireNonNull(partial.getParent()), entry.bytes() - Math.min(present, entry.bytes()));
        try (HttpClient client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT_TIMEOUT)
                .build()) {
            attempts(client, partial, meter);
        }
    }

    private void attempts(HttpClient client, Path partial, PullMeter meter) throws IOException {
        int idle = 0;
        IOException last = new IOException("no attempt was made");
        for (int attempt = 0; attempt < ATTEMPTS_MAX && idle < IDLE_ATTEMPTS_MAX; attempt++) {
            if (attempt > 0) pause(retryDelay.multipliedBy(1L << idle));
            try (FileChannel out = FileChannel.open(
                    partial,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                long before = out.size();
                try {
                    if (before < entry.bytes()) receive(client, out, before, meter);
                } catch (IOException e) {
                    last = e;
                }
                if (out.size() == entry.bytes()) return;
                idle = out.size() > before ? 0 : idle + 1;
            }
        }
        throw last;
    }

    private static void pause(Duration delay) {
        try {
            Thread.sleep(delay);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusals.files("interrupted");
        }
    }

    private void receive(HttpClient client, FileChannel out, long from, PullMeter meter) throws IOException {
        URI at = file;
        for (int redirect = 0; redirect <= REDIRECTS_MAX; redirect++) {
            HttpResponse<Long> response = exchange(client, at, out, from, meter);
            int status = response.statusCode();
            switch (status) {
                case 200, 206 -> {
                    return;
                }
                case 301, 302, 303, 307, 308 ->
                    at = redirected(
                            at, response.headers().firstValue("Location").orElse(""));
                case 401, 403 ->
                    throw Refusals.files("the hub answered %d: a token with access is needed in HF_TOKEN", status);
                case 404, 410 -> throw Refusals.files("the hub does not have this file (%d)", status);
                case 416 -> {
                    out.truncate(0);
                    throw new IOException("the hub answered 416, starting again");
                }
                default -> throw new IOException("the hub answered " + status);
            }
        }
        throw Refusals.files("the hub redirects more than %d times", REDIRECTS_MAX);
    }

    private static URI redirected(URI from, String location) {
        try {
            URI to = from.resolve(location);
            requireSafe(to);
            if (isHttps(from) && !isHttps(to))
                throw Refusals.files("the hub redirects from https to plain http, which is not followed");
            return to;
        } catch (IllegalArgumentException e) {
            throw Refusals.files("the hub redirects to no address");
        }
    }

    /// One request. The body of a success is in the file when this returns; every other body is dropped.
    private HttpResponse<Long> exchange(HttpClient client, URI at, FileChannel out, long from, PullMeter meter)
            throws IOException {
        var request = HttpRequest.newBuilder(at)
                .timeout(STALL_MAX)
                .header("User-Agent", "redoubt")
                .GET();
        if (from > 0) request.header("Range", "bytes=" + from + "-");
        if (at.getHost().equals(file.getHost()) && at.getPort() == file.getPort() && isHttps(at) == isHttps(file))
            token.header().ifPresent(value -> request.header("Authorization", value));
        var arrivals = new AtomicLong();
        LongConsumer counting = done -> {
            arrivals.incrementAndGet();
            meter.at(done);
        };
        CompletableFuture<HttpResponse<Long>> exchange = client.sendAsync(request.build(), info -> {
            OptionalLong start = begin(info, out, from);
            if (start.isEmpty()) return HttpResponse.BodySubscribers.replacing(0L);
            return new FileBody(out, start.getAsLong(), entry.bytes(), counting);
        });
        long seen = -1;
        long since = System.nanoTime();
        while (true) {
            try {
                return exchange.get(1, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                if (arrivals.get() != seen) {
                    seen = arrivals.get();
                    since = System.nanoTime();
                }
                if (System.nanoTime() - since > STALL_MAX.toNanos()) {
                    exchange.cancel(true);
                    throw new IOException("the hub sent nothing for " + STALL_MAX.toSeconds() + " s", e);
                }
            } catch (InterruptedException e) {
                exchange.cancel(true);
                Thread.currentThread().interrupt();
                throw Refusals.files("interrupted");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof ArtifactException refused) throw refused;
                if (e.getCause() instanceof IOException failed) throw failed;
                throw new IOException("the download failed", e.getCause());
            }
        }
    }

    /// Where in the file the body of this answer goes; empty if it is no part of the file.
    private OptionalLong begin(HttpResponse.ResponseInfo info, FileChannel out, long from) {
        if (info.statusCode() == 200) { // the whole file, whatever was asked for
            long length = info.headers().firstValueAsLong("Content-Length").orElse(entry.bytes());
            if (length != entry.bytes())
                throw Refusals.files("the hub's file has %d bytes, expected are %d", length, entry.bytes());
            truncate(out);
            return OptionalLong.of(0);
        }
        if (info.statusCode() != 206) return OptionalLong.empty();
        String range = info.headers().firstValue("Content-Range").orElse("");
        String expected = "bytes " + from + "-" + (entry.bytes() - 1) + "/" + entry.bytes();
        if (range.equals(expected)) return OptionalLong.of(from);
        truncate(out); // ask for the whole file next time
        throw Refusals.files("the hub sent the range '%s', expected is '%s'", StrangerText.shown(range), expected);
    }

    private static void truncate(FileChannel out) {
        try {
            out.truncate(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

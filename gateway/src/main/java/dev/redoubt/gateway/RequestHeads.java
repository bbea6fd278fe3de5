package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.HostAndPort;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a request's head may be, beyond what Netty's parser and [FramingGuard] have let through. Immutable.
final class RequestHeads {
    private static final int FIELDS_MAX = 64;
    private static final int KEY_LENGTH_MAX = 256;
    private static final Pattern HOST = Pattern.compile("(\\[[0-9a-f:.]+]|[a-z0-9.-]+)(?::[0-9]{1,5})?");
    private static final String BEARER = "Bearer ";
    private static final String KEY_PUNCTUATION = "._~+/=-";
    static final CharSequence API_KEY = HttpHeaders.createOptimized("X-API-Key");
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    private final Optional<Set<String>> hosts;
    private volatile String hostOfLast = ""; // a good one; most requests name the same

    /// @param boundHost what the edge listens on. On loopback only names of loopback are served, so that a page
    ///     in a browser cannot reach it under a name of its own (DNS rebinding); elsewhere any name is
    RequestHeads(String boundHost) {
        String host = boundHost.contains(":") ? "[" + boundHost + "]" : boundHost.toLowerCase(Locale.ROOT);
        boolean loopback = LOOPBACK.contains(host) || host.startsWith("127.");
        this.hosts = loopback
                ? Optional.of(java.util.stream.Stream.concat(LOOPBACK.stream(), java.util.stream.Stream.of(host))
                        .collect(java.util.stream.Collectors.toUnmodifiableSet()))
                : Optional.empty();
    }

    /// @throws ServeException if it is no plain HTTP/1.1 or 1.0 request to this server
    void check(HttpServerRequest request) {
        if (request.version() != HttpVersion.HTTP_1_1 && request.version() != HttpVersion.HTTP_1_0) throw malformed();
        MultiMap headers = request.headers();
        int fields = 0; // the size of `headers` is that of its names
        for (Map.Entry<String, String> header : headers) {
            if (++fields > FIELDS_MAX) throw ServeException.of(ErrorCode.HEADERS_TOO_LARGE, FIELDS_MAX + " fields");
            if (header.getKey().indexOf('_') >= 0) throw malformed(); // some proxies read it as '-'
        }
        checkHost(headers.getAll(HttpHeaders.HOST), request.version());
        String path = request.uri();
        if (!path.startsWith("/") || path.indexOf('#') >= 0) throw malformed(); // no absolute form, no '*'
        String expect = headers.get(HttpHeaders.EXPECT);
        if (expect != null && !expect.equalsIgnoreCase("100-continue")) throw malformed();
    }

    /// Why Netty's parser could not read a request.
    static ServeException unreadable(HttpServerRequest request, int lineBytesMax, int headerBytesMax) {
        Throwable cause = request.decoderResult().cause();
        if (cause instanceof TooLongHttpLineException) return ServeException.of(ErrorCode.URI_TOO_LONG, lineBytesMax);
        if (cause instanceof TooLongHttpHeaderException)
            return ServeException.of(ErrorCode.HEADERS_TOO_LARGE, headerBytesMax + " bytes");
        return malformed();
    }

    /// The path as it came, without the query.
    static String path(HttpServerRequest request) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }

    /// The query as it came; empty where there is none.
    static String query(HttpServerRequest request) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        return query < 0 ? "" : uri.substring(query + 1);
    }

    /// No such route has query parameters, and what is unknown is refused (R3.4).
    void checkQuery(HttpServerRequest request) {
        String query = query(request);
        if (query.isEmpty()) return;
        String name = query.split("[=&]", 2)[0];
        throw ServeException.ofField(ErrorCode.UNKNOWN_FIELD, name, name);
    }

    void checkMethod(HttpServerRequest request, Exchange exchange, String allowed) {
        if (request.method().name().equals(allowed)) return;
        request.response().putHeader("Allow", allowed);
        throw ServeException.of(ErrorCode.METHOD_NOT_ALLOWED, allowed);
    }

    /// The key that the caller presents; empty where there is none, or more than one.
    Optional<String> presentedKey(MultiMap headers) {
        List<String> authorization = headers.getAll(HttpHeaders.AUTHORIZATION);
        List<String> apiKey = headers.getAll(API_KEY);
        if (authorization.size() > 1 || apiKey.size() > 1) return Optional.empty();
        Optional<String> bearer = authorization.isEmpty() ? Optional.empty() : bearer(authorization.getFirst());
        if (!authorization.isEmpty() && bearer.isEmpty()) return Optional.empty();
        if (apiKey.isEmpty()) return bearer;
        Optional<String> header = Optional.of(apiKey.getFirst()).filter(key -> key.length() <= KEY_LENGTH_MAX);
        return bearer.isEmpty() || bearer.equals(header) ? header : Optional.empty();
    }

    private static Optional<String> bearer(String value) {
        String credentials = value.strip();
        int length = credentials.length() - BEARER.length();
        if (length < 1 || length > KEY_LENGTH_MAX || !credentials.regionMatches(true, 0, BEARER, 0, BEARER.length()))
            return Optional.empty();
        for (int i = BEARER.length(); i < credentials.length(); i++)
            if (!inKey(credentials.charAt(i))) return Optional.empty();
        return Optional.of(credentials.substring(BEARER.length()));
    }

    private static boolean inKey(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || KEY_PUNCTUATION.indexOf(c) >= 0;
    }

    private void checkHost(List<String> values, HttpVersion version) {
        if (values.isEmpty() && version == HttpVersion.HTTP_1_0) return;
        if (values.size() != 1) throw malformed();
        checkHost(values.getFirst());
    }

    /// What stands for the Host header in HTTP/2.
    ///
    /// @throws ServeException if there is none, or it names another server
    void checkAuthority(@Nullable HostAndPort authority) {
        if (authority == null) throw malformed();
        String host = authority.host();
        checkHost(host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host);
    }

    private void checkHost(String value) {
        if (value.equals(hostOfLast)) return;
        var matcher = HOST.matcher(value.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) throw malformed();
        if (hosts.isPresent() && !hosts.get().contains(matcher.group(1)))
            throw ServeException.of(ErrorCode.HOST_NOT_SERVED);
        hostOfLast = value;
    }

    private static ServeException malformed() {
        return ServeException.of(ErrorCode.BAD_REQUEST);
    }
}

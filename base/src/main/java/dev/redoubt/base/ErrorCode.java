package dev.redoubt.base;

/// The closed table of errors a caller can see. The arguments of a template are numbers and names of ours, or
/// the caller's own field names and numbers, cut to a bounded length; never exception text, a path, a prompt or
/// a key.
public enum ErrorCode {
    INVALID_JSON(
            Requirement.R3_2,
            Kind.CALLER,
            400,
            "body is not valid JSON: %s at line %s, column %s: send one JSON object"),
    INVALID_BODY(
            Requirement.R3_2,
            Kind.CALLER,
            400,
            "body is not valid %s: %s at byte %s: send one value of the input's type"),
    UNKNOWN_FIELD(Requirement.R3_4, Kind.CALLER, 400, "unknown field '%s': remove it"),
    UNSUPPORTED_FIELD(Requirement.R3_4, Kind.CALLER, 400, "'%s' is not supported: leave it out"),
    MISSING_FIELD(Requirement.R1_7, Kind.CALLER, 400, "'%s' is missing: it is required"),
    DUPLICATE_FIELD(Requirement.R3_4, Kind.CALLER, 400, "field '%s' is given twice: send it once"),
    WRONG_TYPE(Requirement.R3_4, Kind.CALLER, 400, "'%s' must be %s"),
    OUT_OF_RANGE(Requirement.V5_1, Kind.CALLER, 400, "'%s' is %s, allowed is %s"),
    NOT_FINITE(Requirement.R1_7, Kind.CALLER, 400, "'%s' is not a finite number of its type: send one that is"),
    RAGGED_ARRAY(
            Requirement.R1_7,
            Kind.CALLER,
            400,
            "'%s' has %s items where the first of its kind has %s: send rows of one length"),
    WRONG_SHAPE(Requirement.R1_7, Kind.CALLER, 400, "'%s' has the shape %s, it must be %s (-1 is any size)"),
    WRONG_DTYPE(Requirement.R1_7, Kind.CALLER, 400, "'%s' has the dtype %s, it must be %s"),
    VALUE_REFUSED(
            Requirement.R1_7,
            Kind.CALLER,
            400,
            "'%s' has values that do not go together: see what the application says of it"),
    CONFLICTING_FIELDS(Requirement.R1_7, Kind.CALLER, 400, "'%s' cannot be used with %s: %s"),
    EMPTY_PROMPT(Requirement.V3_1, Kind.CALLER, 400, "'%s' has no tokens: send at least one"),
    PROMPT_TOO_LONG(Requirement.V1_4, Kind.CALLER, 400, "'%s' has %s code points, limit is %s: shorten it"),
    PROMPT_REFUSED(
            Requirement.V5_2,
            Kind.CALLER,
            400,
            "'%s' is refused by the prompt screen of this route (V5.2): rephrase it"),
    CONTEXT_LENGTH_EXCEEDED(
            Requirement.V1_4,
            Kind.CALLER,
            400,
            "prompt has %s tokens and max_tokens is %s, together over the context limit of %s: shorten the prompt or lower max_tokens"),
    INPUT_TOO_LONG(
            Requirement.V1_4,
            Kind.CALLER,
            400,
            "'%s' has %s tokens, the model takes %s at most: shorten it or send its parts"),
    TOKEN_OUT_OF_VOCABULARY(
            Requirement.V3_1, Kind.CALLER, 400, "'%s' holds token id %s, the vocabulary has ids 0 to %s"),
    TEMPLATE_REFUSED(Requirement.V5_2, Kind.CALLER, 400, "the model's chat template refuses these messages: %s"),
    NO_CHAT_TEMPLATE(Requirement.V5_2, Kind.CALLER, 400, "model '%s' has no chat template: use /v1/completions"),
    WRONG_KIND_OF_MODEL(Requirement.V3_1, Kind.CALLER, 400, "model '%s' %s: use %s"),
    MODEL_NOT_FOUND(
            Requirement.V4_1,
            Kind.CALLER,
            404,
            "model '%s' is not served here: GET /v1/models lists the language models that are"),
    DEPLOY_REFUSED(Requirement.R5_2, Kind.CALLER, 422, "%s problems, nothing has changed: see 'problems'"),
    SPEC_REFUSED(Requirement.R3_4, Kind.CALLER, 400, "the application is not described as it must be: %s"),
    ROUTE_NOT_FOUND(Requirement.R4_4, Kind.CALLER, 404, "no such route: GET %s lists them"),
    METHOD_NOT_ALLOWED(Requirement.R4_4, Kind.CALLER, 405, "this route takes %s"),
    UNSUPPORTED_MEDIA_TYPE(Requirement.R3_2, Kind.CALLER, 415, "content type must be %s"),
    BODY_TOO_LARGE(Requirement.R1_4, Kind.CALLER, 413, "body is over the limit of %s bytes: send less"),
    INPUT_TOO_LARGE(
            Requirement.R1_4,
            Kind.CALLER,
            413,
            "the input is over the %s bytes that a replica of this memory can take: send less, or raise the deployment's 'memory'"),
    RUN_TOO_LARGE(
            Requirement.R4_2,
            Kind.CALLER,
            413,
            "to compute this input takes more than the %s bytes that a replica of this memory has for it: send less at once, or raise the deployment's 'memory'"),
    BAD_REQUEST(Requirement.R3_2, Kind.CALLER, 400, "request is malformed"),
    REQUEST_TIMEOUT(Requirement.R1_3, Kind.CALLER, 408, "the request did not arrive within %s s: send it faster"),
    SLOW_READER(Requirement.R1_1, Kind.CALLER, 408, "the reply was not read in time: read it faster"),
    HOST_NOT_SERVED(
            Requirement.R1_2,
            Kind.CALLER,
            421,
            "the Host header does not name this server: use the address it listens on"),
    ORIGIN_REFUSED(
            Requirement.R1_2,
            Kind.DENIED,
            403,
            "a page in a browser may not open a WebSocket here (http.websocket-origin): call from a program"),
    URI_TOO_LONG(Requirement.R1_4, Kind.CALLER, 414, "request line is over the limit of %s bytes: shorten the path"),
    HEADERS_TOO_LARGE(Requirement.R1_4, Kind.CALLER, 431, "request header is over the limit of %s: send less"),
    UNAUTHENTICATED(
            Requirement.V5_3, Kind.DENIED, 401, "no valid key: send 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"),
    FORBIDDEN(Requirement.R4_4, Kind.DENIED, 403, "this key lacks the scope '%s'"),
    REQUEST_OVER_TOKEN_LIMIT(
            Requirement.V3_4,
            Kind.CALLER,
            400,
            "the request may take %s tokens, limit is %s per minute: ask for fewer prompts, choices or tokens"),
    RATE_LIMIT_EXCEEDED(Requirement.V3_4, Kind.CAPACITY, 429, "the limit of %s is reached: retry in %s"),
    OVERLOADED(Requirement.R1_1, Kind.CAPACITY, 503, "all %s places for %s are taken: retry later"),
    QUEUE_FULL(Requirement.R1_1, Kind.CAPACITY, 429, "%s requests are running or waiting, limit is %s: retry later"),
    SHUTTING_DOWN(Requirement.R1_5, Kind.CAPACITY, 503, "the server is shutting down: retry later"),
    BUSY(
            Requirement.R1_4,
            Kind.CAPACITY,
            503,
            "request bodies take %s bytes of memory, limit is %s: retry later or send less"),
    AUDIT_UNAVAILABLE(
            Requirement.R1_8, Kind.CAPACITY, 503, "the server cannot write down what it decides: retry later"),
    DEPLOYMENT_UNAVAILABLE(
            Requirement.R1_5, Kind.CAPACITY, 503, "deployment '%s' has no replica that works: retry later"),
    REPLICA_LOST(
            Requirement.R1_5,
            Kind.CAPACITY,
            503,
            "the replica that worked on the request is gone: send it again if it may be done twice"),
    MODEL_WITHDRAWN(
            Requirement.V6_2,
            Kind.CAPACITY,
            503,
            "the model has failed its check and answers nobody until it is loaded anew: retry later"),
    NOT_READY(Requirement.R1_5, Kind.CAPACITY, 503, "the model is not ready: retry later"),
    DEADLINE_EXCEEDED(
            Requirement.R1_3,
            Kind.CAPACITY,
            504,
            "the request took longer than its limit of %s s: ask for less, or retry later"),
    CANCELLED(
            Requirement.R5_4, Kind.CALLER, 499, "the request was cancelled: its caller left, or a stage took it back"),
    KV_CACHE_TOO_SMALL(
            Requirement.V2_1,
            Kind.CAPACITY,
            503,
            "the request needs %s KV blocks, the pool has %s: shorten it or give the server more memory"),
    INTERNAL(Requirement.R5_3, Kind.INTERNAL, 500, "internal error");

    /// Who is to blame, and so which envelope type a reply carries.
    public enum Kind {
        CALLER,
        DENIED,
        CAPACITY,
        INTERNAL
    }

    private final Requirement requirement;
    private final Kind kind;
    private final int status;
    private final String template;
    private final int arguments;

    ErrorCode(Requirement requirement, Kind kind, int status, String template) {
        this.requirement = requirement;
        this.kind = kind;
        this.status = status;
        this.template = template;
        this.arguments = template.split("%s", -1).length - 1;
    }

    /// The requirement that refuses: what the audit log names.
    public Requirement requirement() {
        return requirement;
    }

    public Kind kind() {
        return kind;
    }

    /// The HTTP status.
    public int status() {
        return status;
    }

    /// The message, a template of [String#format] with `%s` only.
    public String template() {
        return template;
    }

    /// How many the template takes.
    public int arguments() {
        return arguments;
    }

    /// The stable name on the wire, such as `context_length_exceeded`.
    public String wire() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}

package dev.redoubt.policy.audit;

import java.util.Locale;

/// What an audit record tells of: a closed list.
public enum AuditKind {
    /// The first record of a log; its subject is the fingerprint of the key that signs heads.
    LOG_BEGUN,
    /// A writer died within a record. What it left was set aside in the file that is the subject.
    LOG_TORN,
    /// Records can be written again, after a time in which they could not.
    LOG_RESUMED,

    SERVER_START,
    SERVER_STOP,
    /// The configuration in force at a start, by its digest.
    CONFIGURATION,
    /// One waiver of that configuration.
    WAIVER,
    CERTIFICATE_RENEW,

    /// `redoubt serve` refuses to start.
    START_REFUSED,
    /// Another command refuses to do what it was told.
    COMMAND_REFUSED,
    /// The server refuses a request, or ends it before its answer is complete.
    REQUEST_REFUSED,
    /// The server refuses a connection, since it has as many as it may have.
    CONNECTION_REFUSED,
    /// The prompt screen has found something, and the request goes on.
    PROMPT_FLAGGED,

    CACHE_CLEAR,

    APPLICATION_DEPLOY,
    APPLICATION_DELETE,
    APPLICATION_ROLLBACK,
    APPLICATION_SCALE,
    /// What the platform did by itself: a version that works, one that was given up for the one before it.
    APPLICATION_STATE,
    /// Somebody has changed a copy of a jar or a model in the home: it was taken again from its file, or refused.
    APPLICATION_ARTIFACT,

    KEY_CREATE,
    KEY_ROTATE,
    KEY_DISABLE,
    KEY_ENABLE,
    KEY_REVOKE,

    MODEL_PULL,
    MODEL_ADD,
    MODEL_TRUST,
    MODEL_DISTRUST,
    MODEL_REMOVE,
    MODEL_SIGN,
    MODEL_QUARANTINE,
    MODEL_LOAD,
    /// A model has read its reference text, and was as before or not.
    MODEL_CANARY,
    /// What a model makes of it was kept, signed, for later readings.
    MODEL_CALIBRATE,
    /// A quantized model was compared with the one that it was made of.
    MODEL_JUDGE;

    /// As records write it, such as `key.create`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT).replace('_', '.');
    }
}

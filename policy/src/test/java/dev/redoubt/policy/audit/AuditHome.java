package dev.redoubt.policy.audit;

import dev.redoubt.base.Home;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A home with an audit log, for tests that write to it and then look at its files.
record AuditHome(Home home) {
    static final int SMALL_SEGMENT = 2000; // a handful of records

    static AuditHome in(Path folder) {
        return new AuditHome(new Home(folder.resolve("home").toAbsolutePath()));
    }

    AuditLog open() {
        return open(TimeSource.system());
    }

    AuditLog open(TimeSource time) {
        return AuditLog.open(home, time, SMALL_SEGMENT, ignored -> {});
    }

    /// Commits `count` events, each about the next number, then closes.
    void write(int count) {
        try (AuditLog log = open()) {
            for (int i = 0; i < count; i++) log.commit(event("subject-" + i));
        }
    }

    static AuditEvent event(String subject) {
        return AuditEvent.of(AuditKind.KEY_CREATE, AuditEvent.OPERATOR, "shop", subject)
                .with("done");
    }

    static AuditEvent refusal(String actor, String requestId) {
        return new AuditEvent(
                AuditKind.REQUEST_REFUSED,
                actor,
                "",
                "/v1/models",
                Optional.of(Requirement.V5_3),
                "401 unauthenticated",
                requestId);
    }

    List<AuditRecord> records() {
        List<AuditRecord> all = new ArrayList<>();
        try (AuditReader reader = AuditReader.open(home)) {
            for (Optional<AuditRecord> record = reader.next(); record.isPresent(); record = reader.next())
                all.add(record.get());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    List<String> subjects(AuditKind kind) {
        return records().stream()
                .filter(record -> record.get("kind").equals(kind.wire()))
                .map(record -> record.get("subject"))
                .toList();
    }

    AuditVerifier.Report verify() {
        try {
            return AuditVerifier.verify(home, Optional.empty());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Path> segments() {
        try {
            return Segments.list(home.audit()).stream()
                    .map(first -> Segments.file(home.audit(), first))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> lines(Path segment) {
        try {
            return new ArrayList<>(Files.readAllLines(segment, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void rewrite(Path segment, List<String> lines) {
        try {
            Files.writeString(segment, String.join("\n", lines) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

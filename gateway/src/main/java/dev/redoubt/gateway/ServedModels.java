package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.serve.control.Absence;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.StageModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// Which models there are, and for whom (R4.3): an application's own for its keys alone, the server's for all.
/// A foreign one is as unknown as one that does not exist. Safe for any thread.
final class ServedModels {
    private final ModelRegistry server;
    private final Optional<Platform> platform;

    ServedModels(Served served) {
        this.server = served.models();
        this.platform = served.platform();
    }

    /// Whether what is expected is there; applications come when they come.
    boolean ready() {
        return server.ready();
    }

    /// Whether who comes now is let in.
    boolean ready(AuditLog audit, BooleanSupplier closing) {
        return ready() && !closing.getAsBoolean() && !audit.failing();
    }

    /// Of all applications and of the server, inner stages' too.
    List<ServedModel> all() {
        List<ServedModel> all =
                new ArrayList<>(server.all().stream().map(ServedModel::ofServer).toList());
        for (StageModel one : platform.map(Platform::models).orElse(List.of())) {
            Optional<String> stage = one.ingress() ? Optional.empty() : Optional.of(one.deployment());
            all.add(new ServedModel(one.application(), stage, one.model()));
        }
        return all;
    }

    /// Those that are computed by an engine of their own: an adapter's work is its base's.
    List<ServedModel> engines() {
        return all().stream().filter(one -> one.model().card().base().isEmpty()).toList();
    }

    /// For the callers of one application: its own before the server's, each name once.
    List<ServedModel> of(String application) {
        Optional<ServedModel> own = own(application);
        Stream<ServedModel> others = server.all().stream()
                .filter(model -> own.isEmpty()
                        || !own.get().model().card().name().equals(model.card().name()))
                .map(ServedModel::ofServer);
        return Stream.concat(own.stream(), others).toList();
    }

    /// The one that a caller means.
    ///
    /// @param name as given; empty: the only one that is no adapter
    /// @throws ServeException if there is none, or not one alone
    ServedModel find(String application, Optional<String> name) {
        List<ServedModel> known = of(application);
        Optional<Absence> absence = absence(application, name, known.isEmpty());
        if (absence.isPresent()) throw absence.get().refusal();
        if (known.isEmpty() && !ready()) throw ServeException.of(ErrorCode.NOT_READY);
        if (name.isPresent())
            return known.stream()
                    .filter(one -> one.model().card().name().equals(name.get()))
                    .findAny()
                    .orElseThrow(() -> unknown(name.get()));
        List<ServedModel> models = known.stream()
                .filter(one -> one.model().card().base().isEmpty())
                .toList();
        if (models.isEmpty()) throw unknown("");
        if (models.size() > 1) throw ServeException.ofField(ErrorCode.MISSING_FIELD, "model", "model");
        return models.getFirst();
    }

    /// Whether a caller means the model of its own application, which is wanted and cannot be had.
    private Optional<Absence> absence(String application, Optional<String> name, boolean alone) {
        return platform.flatMap(one -> one.absence(application))
                .filter(one -> one.model()
                        .filter(own -> name.map(own::equals).orElse(alone))
                        .isPresent());
    }

    private ServeException unknown(String name) {
        return ready()
                ? ServeException.ofField(ErrorCode.MODEL_NOT_FOUND, "model", name)
                : ServeException.of(ErrorCode.NOT_READY);
    }

    private Optional<ServedModel> own(String application) {
        return platform.flatMap(one -> one.model(application))
                .map(model -> new ServedModel(application, Optional.empty(), model));
    }
}

package dev.redoubt.serve.control;

import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.route.Router;
import java.util.Optional;

/// Where calls from outside enter an application. Safe for any thread. To be asked for anew with each call: an
/// update may bring another.
public final class Ingress {
    private final Interface face;
    private final Router router;

    Ingress(Interface face, Router router) {
        this.face = face;
        this.router = router;
    }

    boolean isModel() {
        return face.language().isPresent();
    }

    /// The model that its replicas are, if they are one.
    Optional<LanguageModel> model() {
        return face.language().map(card -> new RoutedModel(card, router));
    }

    /// What it takes and gives.
    public Interface face() {
        return face;
    }

    /// Starts a call, now or when a replica has room. Ends are told to the listener, refusals too.
    ///
    /// @param input fits the input schema
    public void call(Payload input, Call call, ReplyListener replies) {
        router.call(input, call, replies);
    }
}

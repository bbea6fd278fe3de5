package dev.redoubt.cli;

import dev.redoubt.policy.KeyStore.KeyRecord;
import dev.redoubt.policy.KeyStore.KeyState;
import dev.redoubt.policy.Scope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Who can call what a configuration serves (R4.3): a start without anybody is refused, but for the first one on
/// loopback, which makes a key.
final class CallerKeys {
    private final List<KeyRecord> keys;
    private final ServerConfig config;
    private final String program;
    private final Instant now = Instant.now();

    /// @param keys all of the home
    CallerKeys(List<KeyRecord> keys, ServerConfig config, Context context) {
        this.keys = keys;
        this.config = config;
        this.program = context.program();
    }

    /// @throws Refusal if nobody could be let in
    void require() {
        refusal().ifPresent(line -> {
            throw new Refusal(List.of(line));
        });
    }

    /// What is served and nobody can call, with the command that makes a key; not what a start refuses.
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        refusal()
                .ifPresent(_ -> notes.add("note   a start is refused while no key is good here (R4.3): "
                        + create(named().findFirst().orElse(Server.FIRST_APPLICATION))));
        named().filter(name -> !isFirstStart() || !name.equals(Server.FIRST_APPLICATION))
                .filter(name -> keys.stream()
                        .noneMatch(key -> isActive(key)
                                && key.application().equals(name)
                                && key.scopes().contains(Scope.INFERENCE)))
                .forEach(name -> notes.add("note   no key opens application " + name + ": " + create(name)));
        return notes;
    }

    private Optional<String> refusal() {
        if (isFirstStart() || keys.stream().anyMatch(key -> isActive(key) && isServed(key.application())))
            return Optional.empty();
        return Optional.of(Refusal.line(
                "R4.3",
                "keys:0",
                "at least one active key",
                create(named().findFirst().orElse(Server.FIRST_APPLICATION))));
    }

    private boolean isFirstStart() {
        return keys.isEmpty() && Loopback.is(config.edge().host()) && isServed(Server.FIRST_APPLICATION);
    }

    private boolean isActive(KeyRecord key) {
        return key.state(now) == KeyState.ACTIVE;
    }

    private boolean isServed(String application) {
        return config.edge()
                .applications()
                .map(some -> some.contains(application))
                .orElse(true);
    }

    private Stream<String> named() {
        return config.edge().applications().stream().flatMap(Set::stream).sorted();
    }

    private String create(String application) {
        return program + " keys create --application " + application + " --scopes inference";
    }
}

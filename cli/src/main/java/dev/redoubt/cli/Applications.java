package dev.redoubt.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.redoubt.base.Home;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.runtime.llm.LlmHost;
import dev.redoubt.serve.control.Change;
import dev.redoubt.serve.control.ChangeListener;
import dev.redoubt.serve.control.GraphCheck;
import dev.redoubt.serve.control.Outcome;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.scale.ScalingPolicy;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Resources;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The platform of a server with the runtimes that it stands on.
///
/// @param platform closed before its runtimes
record Applications(Platform platform, Runtimes runtimes) implements AutoCloseable {
    /// How long a start says nothing for the sake of applications; they go on starting after it.
    private static final Duration START_MAX = Duration.ofSeconds(30);
    /// Of the machine, for all applications together (R4.2).
    static final double SHARE = 0.8;

    /// Writes down what the platform has come to; what it is told to do is written down by whoever tells it, too.
    private record Witness(AuditLog audit) implements ChangeListener {
        @Override
        public void changed(Change change, String application, long version, String reason) {
            String what = change.name().toLowerCase(Locale.ROOT) + ", version " + version;
            audit.note(AuditEvent.of(AuditKind.APPLICATION_STATE, AuditEvent.SERVER, application, application)
                    .with(reason.isEmpty() ? what : what + ": " + reason));
        }

        @Override
        public void tampered(String digest, boolean healed) {
            audit.note(AuditEvent.of(AuditKind.APPLICATION_ARTIFACT, AuditEvent.SERVER, "", "sha256:" + digest)
                    .refusedBy(Requirement.R1_6)
                    .with(healed ? "changed, taken again from its file" : "changed, refused"));
        }
    }

    /// Takes up what was wanted before; nothing runs before [#want].
    ///
    /// @param engines how language models are computed, but for their share of the machine; what a call has
    /// from end to end is in its limits
    static Applications open(Home home, List<Waiver> waivers, EngineOptions engines, LlmHost models, AuditLog audit)
            throws IOException {
        Resources machine = machine();
        Runtimes runtimes = Runtimes.open(home.workers(), home.nativeLibraries(), engines, models);
        ScalingPolicy policy = new OngoingPolicy();
        Duration requestTimeout = engines.limits().requestTimeout();
        Platform platform = Platform.load(new Platform.Setup(
                home,
                machine,
                runtimes.byKind(),
                waivers.stream().map(Waiver::rule).collect(Collectors.toUnmodifiableSet()),
                new GraphCheck(requestTimeout),
                (application, deployment) -> policy,
                new Witness(audit),
                TimeSource.system()));
        runtimes.workers().outputTo(platform.journal()::printed);
        return new Applications(platform, runtimes);
    }

    static Resources machine() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return Resources.of(Runtime.getRuntime().availableProcessors(), system.getTotalMemorySize());
    }

    /// Begins with what is wanted from now on: nothing that these take the place of is started before. What the file
    /// said at the last start is done: it does not undo what was deployed after it.
    ///
    /// @return how applications are wanted otherwise than the file says, by name
    /// @throws Refusal if one of them cannot be had; none that is new is wanted then
    Map<String, String> want(List<ApplicationSpec> file) {
        Set<String> before = platform.wanted();
        List<ApplicationSpec> applications =
                file.stream().filter(one -> !platform.hasSaid(one)).toList();
        Map<String, List<String>> refused = new LinkedHashMap<>();
        if (applications.size() > 1) // before the first of them begins
        for (ApplicationSpec application : applications) {
                List<String> problems = platform.problems(application);
                if (!problems.isEmpty()) refused.put(application.name(), problems);
            }
        if (refused.isEmpty())
            for (ApplicationSpec application : applications)
                if (platform.deployAgain(application) instanceof Outcome.Refused(List<String> problems))
                    refused.put(application.name(), problems);
        platform.start();
        if (refused.isEmpty()) return platform.said(file);
        for (ApplicationSpec application : applications)
            if (!before.contains(application.name()) && platform.wants(application.name()))
                platform.delete(application.name());
        throw refusal(refused);
    }

    /// @param problems by application
    private static Refusal refusal(Map<String, List<String>> problems) {
        List<String> lines = new ArrayList<>();
        Set<String> rules = new LinkedHashSet<>();
        problems.forEach((application, all) -> all.forEach(problem -> {
            lines.add("application " + application + ": " + problem);
            Requirement.named(problem).map(Requirement::id).ifPresent(rules::add);
        }));
        return new Refusal(lines, rules);
    }

    /// Waits a bounded time until all that is wanted runs, or will not.
    void await() {
        long end = System.nanoTime() + START_MAX.toNanos();
        try {
            for (String application : platform.wanted())
                platform.await(application, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        platform.close();
        runtimes.close();
    }
}

package dev.redoubt.audit.check;

import java.util.List;

/// Every check there is, by what it looks at.
public final class Checks {
    private Checks() {}

    public static List<Check> all() {
        return List.of(
                // listeners, keys, limits of requests
                new PublicBind(),
                new PublicDashboard(),
                new ServerWithoutKey(),
                new EngineRoutes(),
                new RequestTimeout(),
                // engines
                new TrustRemoteCode(),
                new SharedPrefixCache(),
                new RequestLogging(),
                new SwapSpace(),
                new MemoryUtilization(),
                new BatchLimits(),
                new ContextLength(),
                new UnstatedLimits(),
                // models
                new LoadFormat(),
                new UnpinnedModel(),
                new UnstatedQuantization(),
                new InsecureSerialization(),
                // deployments and containers
                new ResourceLimits(),
                new OngoingRequests(),
                new HealthCheck(),
                new MaxReplicas(),
                new TwitchyAutoscaling(),
                new UnlimitedAutoscaling(),
                new DefaultNamespace(),
                new ContainerLimits(),
                new ContainerProbes(),
                // programs
                new AnswerLength(),
                new SharedSampling(),
                new ZippedResults(),
                new PickledModel(),
                new PartialDigest(),
                new CallerChosenModel(),
                new LiteralToken(),
                new ComparedKey(),
                new EmptyKeyList(),
                new RouteWithoutKey(),
                new NoRateLimit(),
                new ProcessRateLimit(),
                new UnboundedField(),
                new ConfigRoute(),
                new EvaluatedRequest(),
                new PickledRequest(),
                new BodyReadFirst(),
                new UnboundedBody(),
                new PathDispatch(),
                new StatusPair(),
                new ExceptionText(),
                new CircularBind(),
                new UncheckedStage(),
                new HandMadeTemplate(),
                new PromptInLog(),
                new AccessLogOff());
    }
}

package dev.redoubt.cli;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.Setting;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.PrefixSharing;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.TlsOptions;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.graph.Graph;
import dev.redoubt.serve.schema.ImageLimit;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.trust.VerifiedArtifact;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Every requirement of RULES.md as it stands in a configuration.
final class RuleTable {
    /* One case for each requirement and no default: one that is new does not compile before somebody has said how it stands. Values
     * are read from the objects that enforce them. `RuleTableTest` compares the tests that are named here with the sources. What is
     * built in part is not built: the note says what of it there is. */
    private final ServerConfig config;
    private final EdgeOptions edge;
    private final EngineOptions engine;
    private final RequestLimits request;
    private final RateLimits rates;

    private RuleTable(ServerConfig config) {
        this.config = config;
        this.edge = config.edge();
        this.engine = config.engine();
        this.request = edge.limits();
        this.rates = edge.rates();
    }

    /// In the order of RULES.md.
    static List<Rule> of(ServerConfig config) {
        RuleTable table = new RuleTable(config);
        return Arrays.stream(Requirement.values()).map(table::rule).toList();
    }

    private Rule rule(Requirement id) {
        return switch (id) {
            case R1_1 ->
                enforced(
                        id,
                        "cpu %d, memory %s, %s requests in progress, %s of the whole server"
                                .formatted(
                                        engine.threads(),
                                        memory(),
                                        bounded(engine.ongoingMax(), ServerFile.MODEL_ONGOING),
                                        shown(rates.ongoingMax())),
                        "ConfigurationTest#R1_1_aModelWithoutLimitsIsRefused",
                        "RatesTest#R1_1_request101IsToldToComeAgain",
                        "RouterTest#R1_1_callsOverTheLimitWaitAndThenAreRefusedWithARetryAfter",
                        "OverloadTest#R1_1_R1_3_tenTimesTheAllowedLoadHarmsNobodyWhoKeepsToTheLimits");
            case R1_2 ->
                enforced(
                        id,
                        edge.host() + ":" + edge.port()
                                + edge.tls().map(RuleTable::versions).orElse(", loopback"),
                        "ConfigurationTest#R1_2_nonLoopbackWithoutTlsIsRefused",
                        "TlsTest#R1_2_beyondLoopbackWithTlsAndKeysItServes");
            case R1_3 ->
                enforced(
                        id,
                        bounded(request.requestTimeout(), ServerFile.REQUEST_TIMEOUT),
                        "CallersTest#R1_3_aRequestPastItsDeadlineIs504",
                        "EngineLoopTest#R1_3_theDeadlineFreesTheBlocksInTheStepThatSeesIt");
            case R1_4 ->
                enforced(
                        id,
                        "body %s bytes, %s prompts"
                                .formatted(
                                        bounded(request.bodyBytesMax(), ServerFile.BODY_BYTES),
                                        bounded(request.promptsMax(), ServerFile.PROMPTS)),
                        "WireLimitsTest#R1_4_aBodyIsReadUpToItsLastByte",
                        "WireLimitsTest#R1_4_aBatchHas32PromptsAtMost");
            case R1_5 ->
                enforced(
                        id,
                        "every %s, %s for an answer, %s misses; new replicas before old ones go"
                                .formatted(
                                        SettingType.shown(HealthCheck.DEFAULT.period()),
                                        SettingType.shown(HealthCheck.DEFAULT.timeout()),
                                        HealthCheck.DEFAULT.missesMax()),
                        "PlatformTest#R1_5_aReplicaThatMissesThreeHealthChecksIsDrainedAndReplaced",
                        "ApplicationsEndToEndTest#R1_5_anUpdateDropsNoRequest");
            case R1_6 ->
                enforced(
                        id,
                        "formats " + formats() + "; TorchScript signed, pinned and in a worker process only",
                        "FolderPolicyTest#R1_6_formatsThatCanCarryCodeAreRefusedByContent",
                        "TorchScriptEndToEndTest#R1_6_V4_2_whatIsNotSignedOrAnotherIsNotDeployed",
                        "TorchScriptReaderTest#R1_6_aFunctionThatTorchScriptNeverCallsIsRefused",
                        "RulesEndToEndTest#R1_6_aFolderWithAPickleIsNotServed");
            case R1_7 ->
                enforced(
                        id,
                        StartLines.served(config) + "; bodies by tables of fields",
                        "CommandLineTest#R1_7_serveRefusesAMissingModelPath",
                        "RulesEndToEndTest#R1_7_noBodyIsAnsweredBy500");
            case R1_8 ->
                enforced(
                        id,
                        "one JSON line for each request on stderr; refusals and actions in the audit log",
                        "RulesEndToEndTest#R1_8_everyRequestHasALineAndNoContent",
                        "AuditTest#R1_8_everyRefusedRequestIsInTheLogWithItsRule");
            case R2_1 ->
                enforced(
                        id,
                        "must be stated, at most " + Autoscaling.REPLICAS_MAX,
                        "AutoscalerTest#R2_1_neverMoreThanTheMaximum",
                        "AdmissionTest#R2_1_moreThanAHundredReplicasCannotBeAskedFor");
            case R2_2 ->
                enforced(
                        id,
                        "0.8 of the machine less what others hold, at every decision",
                        "AutoscalerTest#R2_2_neverMoreThanThereIsRoomForAsOfEachDecision",
                        "AdmissionTest#R2_2_replicasThatDoNotFitAreRefused");
            case R2_3 ->
                enforced(
                        id,
                        "up after %s, down after %s at least; mean over %s"
                                .formatted(
                                        SettingType.shown(Autoscaling.UPSCALE_DELAY),
                                        SettingType.shown(Autoscaling.DOWNSCALE_DELAY_MIN),
                                        SettingType.shown(Autoscaling.LOOK_BACK)),
                        "AutoscalerTest#R2_3_upscalingWaitsThirtySeconds",
                        "AutoscalerTest#R2_3_fromZeroTheFirstIsWokenAtOnce");
            case R2_4 ->
                enforced(
                        id,
                        "50 calls in progress of a replica at most",
                        "AdmissionTest#R2_4_autoscalingTakesAtMostFiftyOngoingCallsInAReplica");
            case R2_5 ->
                enforced(
                        id,
                        "calls are counted behind keys and rates, within the application's quota",
                        "RouterTest#R2_5_refusedCallsDoNotCountAsLoad",
                        "PlatformSimTest#R2_5_aFloodOfOneApplicationStaysInItsQuotaAndTakesNothingFromAnother");
            case R3_1 ->
                enforced(
                        id,
                        "filter " + SerialFilter.DENY_ALL
                                + ", tried at every start; between processes a codec bound to schemas",
                        "SerialFilterTest#R3_1_aStartWithAWeakerFilterIsRefused",
                        "LauncherTest#R3_1_theJvmIsToldWhatItMayDo",
                        "HostileLinkTest#R3_1_whatBreaksTheFormatEndsTheLinkAndTheCall");
            case R3_2 ->
                enforced(
                        id,
                        "JSON, and for applications MessagePack and tensors: depth %d, %s tokens, names of %d and numbers of %d characters"
                                .formatted(
                                        JsonLimits.REQUEST.depthMax(),
                                        shown(JsonLimits.REQUEST.tokensMax()),
                                        JsonLimits.REQUEST.nameLengthMax(),
                                        JsonLimits.REQUEST.numberLengthMax()),
                        "WireLimitsTest#R3_2_depthIsTenAtMost",
                        "WireLimitsTest#R3_2_tokensAreTwoHundredThousandAtMost");
            case R3_3 ->
                enforced(
                        id,
                        "no field takes a template, a type or code",
                        "WireLimitsTest#R3_3_templatesTypesAndCodeAreRefused");
            case R3_4 ->
                enforced(
                        id,
                        "unknown, duplicate, wrong type: 400 naming the field",
                        "WireLimitsTest#R3_4_whatIsRefusedIsNamedAndNoModelIsCalled",
                        "JsonTestSuiteTest#R3_4_whatIsNoJsonIs400AndNothingIs500");
            case R4_1 ->
                enforced(
                        id,
                        "names are checked and unique; a handler calls what it has declared, in its own application",
                        "AdmissionTest#R4_1_namesThatWouldBeSomebodysByAccidentAreRefused",
                        "WorkerTest#R4_1_aCallToAnotherDeploymentIsMadeForWhoeverTheServerKnows");
            case R4_2 ->
                enforced(
                        id,
                        "handlers, ONNX and TorchScript in worker processes with hard limits; an engine's memory reserved at its start, to the byte;"
                                + " processors by cgroup v2, else whole ones;"
                                + " all quotas within %s of the machine".formatted(Applications.SHARE),
                        "AdmissionTest#R4_2_quotasTogetherStayWithinTheMachinesShare",
                        "AdmissionTest#R4_2_deploymentsTogetherStayWithinTheQuota",
                        "WorkerIsolationTest#R4_2_aHogACrashAnExitAndADiskFillerDieAlone",
                        "OnnxWorkerTest#R4_2_aHogOutsideOfTheArenaGetsAnErrorOrDiesAlone",
                        "HostileModelTest#R4_2_aHogGetsAnErrorOrDiesAlone",
                        "ReplacementTest#R4_2_aCrashOfNativeCodeIsReplacedAndOthersGoOn",
                        "EngineMemoryTest#R4_2_thePoolHasWhatIsLeftAndNoMore");
            case R4_3 ->
                enforced(
                        id,
                        "keys of " + applications(),
                        "RatesTest#R4_3_aForeignKeyGetsTheBytesOfAnUnknownOne",
                        "ApplicationRoutesTest#R4_3_aForeignApplicationLooksLikeNone",
                        "KeyTimingTest#R4_3_unknownForeignRevokedDisabledAndExpiredKeysTakeTheSameTime",
                        "CommandLineTest#R4_3_aStartWithEveryKeyRevokedIsRefused");
            case R4_4 ->
                enforced(
                        id,
                        "every route names a scope or is a probe",
                        "RatesTest#R4_4_aRouteWithoutAPolicyDoesNotStart",
                        "HttpEdgeTest#R4_4_aKeyWithoutTheScopeIsRefusedOnTheResolvedRoute");
            case R5_1 ->
                enforced(
                        id,
                        "types on both sides, checked at deploy and at each call; images of %s bytes at most"
                                .formatted(shown(ImageLimit.BYTES_MAX)),
                        "GraphTest#R5_1_typesMustMeetOnBothSidesOfAnEdge",
                        "StageLimitsTest#R5_1_anImageBetweenStagesHasTenMillionBytesAtMost",
                        "ApartUpdateTest#R5_1_aCallIsAnsweredByOneVersionFromItsFirstStageToItsLast",
                        "RollingUpdatesTest#R5_1_updatesGoodAndBadLoseNoRequestUnderLoad");
            case R5_2 ->
                enforced(
                        id,
                        "types meet, no cycle, %d deep, %d wide, timeouts within the request's, which stages share"
                                .formatted(Graph.DEPTH_MAX, Graph.FAN_OUT_MAX),
                        "GraphTest#R5_2_aCycleIsNamed",
                        "GraphTest#R5_2_timeoutsOfTheSlowestPathFitIntoTheRequests",
                        "StageTimeoutsTest#R5_2_stagesThatStateNothingShareWhatTheRequestHas",
                        "GraphTest#R5_2_pathsAreAtMostTenDeploymentsLong");
            case R5_3 ->
                enforced(
                        id,
                        ErrorCode.values().length + " codes with their messages",
                        "HttpEdgeTest#R5_3_aFaultOfOursTellsNothingButItsId",
                        "ApplicationRoutesTest#R5_3_aFaultOfAHandlerTellsNothingButItsId");
            case R5_4 ->
                enforced(
                        id,
                        "no stage can change them but for giving less time",
                        "LocalApplicationTest#R5_4_deadlineTenantAndCancellationReachEveryStage",
                        "ApplicationRoutesTest#R5_4_whoLeavesStopsEveryStage");
            case V1_1 ->
                engine.prefixSharing() == PrefixSharing.OFF
                        ? rule(id, new Rule.NotApplicable("engine.prefix-cache is off"), "no prefix is kept")
                        : enforced(
                                id,
                                "scope " + engine.prefixSharing().name().toLowerCase(Locale.ROOT),
                                "BlockPoolTest#V1_1_aHitNeedsTheScopeAndTheTokensToMatchNotTheKeyAlone",
                                "AdapterNonInterferenceTest#V1_1_noBlockCrossesBetweenAdaptersOrTheBase",
                                "RulesEndToEndTest#V1_1_whatOneKeyHasAskedIsNoHitForAnother",
                                "PrefixTimingTest#V1_1_aStopwatchDoesNotTellWhatOthersHaveAskedFor");
            case V1_2 ->
                enforced(
                        id,
                        "an engine for each replica of an llm deployment, unless it says engine: shared",
                        "LanguageApplicationsTest#V1_2_anApplicationHasAPoolAndALoopOfItsOwn");
            case V1_3 ->
                enforced(
                        id,
                        "zeroed before anybody else gets them, however a request ends; 'redoubt cache clear'",
                        "KvHygieneTest#V1_3_nothingOfARequestIsLeftHoweverItEnds",
                        "AdminCommandTest#V1_3_clearingReallyClears");
            case V1_4 ->
                enforced(
                        id,
                        "%s code points, %s tokens with the answer"
                                .formatted(
                                        bounded(request.promptCodePointsMax(), ServerFile.CODE_POINTS),
                                        bounded(engine.contextTokensMax(), ServerFile.MODEL_LEN)),
                        "WireLimitsTest#V1_4_aPromptHas8192CodePointsAtMost",
                        "RulesEndToEndTest#V1_4_promptAndAnswerHave4096TokensAtMost");
            case V1_5 ->
                enforced(
                        id,
                        "completions end at " + stops(edge.policies().completionStops()),
                        "RoutePolicyTest#V1_5_theStopOfARouteEndsACompletionAcrossTokensAndChunks",
                        "HttpEdgeTest#V1_5_completionRoutesHaveStopsOfTheirOwnBesideTheCallersFour");
            case V1_6 ->
                enforced(
                        id,
                        "no content in any log, metric, trace or file, at any level; no heap or core dump is written",
                        "CanaryTest#V1_6_R1_8_nothingThatCallersWriteOrReadIsKept",
                        "LauncherTest#V1_6_noDumpOfMemoryIsEverWritten");
            case V2_1 ->
                enforced(
                        id,
                        bounded(engine.memoryUtilization(), ServerFile.UTILIZATION) + " of what is available",
                        "MemoryTest#V2_1_aPoolThatTheMachineCannotHoldIsRefusedWithTheWayOut",
                        "ConfigurationTest#V2_1_moreMemoryNeedsAWaiver");
            case V2_2 ->
                enforced(
                        id,
                        "left out of dumps, and locked, or the host has no swap",
                        "MemoryLockTest#V2_2_aServerThatCannotLockDoesNotStartWhereTheHostSwaps",
                        "KvMemoryTest#V2_2_memoryIsLockedAndLeftOutOfCoreDumpsWhereTheHostAllows");
            case V2_3 ->
                enforced(
                        id,
                        "%s tokens, %s sequences, blocks of %d"
                                .formatted(
                                        bounded(engine.batchedTokensMax(), ServerFile.BATCHED_TOKENS),
                                        bounded(engine.sequencesMax(), ServerFile.SEQUENCES),
                                        KvLayout.BLOCK_TOKENS),
                        "ConfigurationTest#V2_3_largerStepsNeedAWaiver",
                        "SchedulerTest#V2_3_aStepIsBoundedInTokensAndSequences");
            case V2_4 ->
                enforced(
                        id,
                        "no such setting; scripts and auto_map are refused",
                        "FolderPolicyTest#V2_4_remoteCodeSettingsAreRefusedAtAnyDepth",
                        "RulesEndToEndTest#V2_4_aFolderWithCodeIsNotServed");
            case V2_5 ->
                notBuilt(
                        id,
                        "accounts are exact after every step of seeded runs; a soak of an hour leaked nothing, none of 24 h was run");
            case V3_1 ->
                enforced(
                        id,
                        "the engine's own limits, whatever the edge let through",
                        "EngineTest#V3_1_whatCanBeSeenWithoutTokensIsRefusedAtOnce",
                        "RulesEndToEndTest#V3_1_whatTheEdgeLetsThroughTheEngineRefuses");
            case V3_2 ->
                enforced(
                        id,
                        "the same bits whatever the neighbours; no setting changes that",
                        "TinyModelNonInterferenceTest#V3_2_tokensAndLogprobsAreTheSameBitsAloneAndInAnyCompany",
                        "RulesEndToEndTest#V3_2_aReplyHasTheSameBitsAloneAndAmongNeighbours");
            case V3_3 ->
                enforced(
                        id,
                        "%s, at most %s"
                                .formatted(
                                        shown(request.maxTokensDefault()),
                                        bounded(request.maxTokensMax(), ServerFile.MAX_TOKENS)),
                        "WireLimitsTest#V3_3_anAnswerHas2048TokensAtMostAnd512ByDefault",
                        "ConfigurationTest#V3_3_longerAnswersNeedAWaiver");
            case V3_4 ->
                enforced(
                        id,
                        "%s requests and %s tokens in any 60 s, %d streams of a key, %d of an application"
                                .formatted(
                                        bounded(rates.requestsPerMinute(), ServerFile.REQUESTS_PER_MINUTE),
                                        shown(rates.tokensPerMinute()),
                                        rates.streamsPerKey(),
                                        rates.streamsPerTenant()),
                        "RatesTest#V3_4_sixtyRequestsAreAnsweredAndThe61stIsToldHowLong",
                        "RatesTest#V3_4_theWindowIsTheKeysAndSurvivesARestart",
                        "KillStormTest#V3_4_R1_8_noKillResetsAWindowOrBreaksTheAuditLog");
            case V3_5 ->
                enforced(
                        id,
                        "one bad prompt refuses its request, and no other",
                        "RulesEndToEndTest#V3_5_everyReplyIsThatOfItsOwnRequest");
            case V3_6 ->
                enforced(
                        id,
                        "virtual token counter, its bound asserted before every turn",
                        "SchedulerTest#V3_6_backloggedTenantsGetTheSameServiceWithinTheBound",
                        "RulesEndToEndTest#V3_6_aTenantWithOneRequestDoesNotWaitForAnothersQueue");
            case V4_1 ->
                enforced(
                        id,
                        "by the allow-list"
                                + config.model()
                                        .flatMap(ModelChoice::digest)
                                        .map(digest -> ", digest sha256:" + digest)
                                        .orElse(""),
                        "AllowListTest#V4_1_aNameAloneIsRefused",
                        "AllowListTest#V4_1_anAdapterIsAnEntryOfItsOwnThatNamesItsBase",
                        "CommandLineTest#V4_1_serveTakesAPathWithItsDigestAndAnEntryOfTheAllowList");
            case V4_2 ->
                enforced(
                        id,
                        "SHA-256 of every file, OpenSSF Model Signing v1.0",
                        "ModelStoreTest#V4_2_flippedBitIsRefusedAndNamed",
                        "ModelSignatureTest#V4_2_theSignedSetIsTheWholeSet",
                        "CommandLineTest#V4_2_aModelIsSignedVerifiedAndTrustedByItsSigner");
            case V4_3 ->
                enforced(
                        id,
                        "readers of " + formats(),
                        "HostileCorpusTest#V4_3_hostileGgufFilesAreRefusedForTheirOwnReason",
                        "HostileCorpusTest#V4_3_hostileSafetensorsAreRefusedForTheirOwnReason",
                        "CommandLineTest#V4_3_aFileThatIsNoModelIsRefused");
            case V4_4 ->
                enforced(
                        id,
                        "file: and env: only",
                        "ConfigurationTest#V4_4_aSecretInTheFileIsRefused",
                        "ModelPullTest#V4_4_emptyOrMalformedTokenIsAnError");
            case V5_1 ->
                enforced(
                        id,
                        "prompt %s, 1 to %s tokens (%s), temperature 0 to %s (%s)"
                                .formatted(
                                        shown(request.promptCodePointsMax()),
                                        shown(request.maxTokensMax()),
                                        shown(request.maxTokensDefault()),
                                        request.temperatureMax(),
                                        request.temperatureDefault()),
                        "WireLimitsTest#V5_1_aNumberIsTakenUpToItsLimit",
                        "RequestCheckTest#V5_1_everyNumberIsFiniteAndInItsRange");
            case V5_2 ->
                enforced(
                        id,
                        "chat %s, completions %s; control tokens in user text are text"
                                .formatted(
                                        edge.policies().screen().chat(),
                                        edge.policies().screen().completions())
                                .toLowerCase(Locale.ROOT),
                        "RoutePolicyTest#V5_2_aStrictRouteRefusesWhatAnotherSignals",
                        "PromptScreenTest#V5_2_disguisesHideNothing",
                        "ControlTokensTest#V5_2_controlTokensInUserTextAreText");
            case V5_3 ->
                enforced(
                        id,
                        "all but /livez and /readyz; %d failures a minute of an address"
                                .formatted(rates.failuresPerMinute()),
                        "HttpEdgeTest#V5_3_withoutAKeyEveryPathIs401",
                        "KeyStoreTest#V5_3_neitherTheKeyNorItsRandomPartIsOnDisk",
                        "ConfigurationTest#V5_3_stateThatOthersCanReadRefusesTheStart");
            case V5_4 ->
                enforced(
                        id,
                        "%d characters for each of max_tokens".formatted(RequestLimits.OUTPUT_CHARS_PER_TOKEN_MAX),
                        "RulesEndToEndTest#V5_4_anAnswerIsCutAtTenCharactersForEachToken",
                        "ChoiceTextTest#V5_4_textIsCutAtTheLimitOnACodePointBorder");
            case V5_5 ->
                enforced(
                        id,
                        config.admin()
                                .map(port -> "administration on " + port.host() + " port " + port.port())
                                .orElse("administration on a Unix socket of the home"),
                        "AdminListenerTest#V5_5_nothingAdministrativeIsOnTheDataPort",
                        "AdminListenerTest#V5_5_theSocketIsItsOwnersAndTellsWhatRuns");
            case V6_1 ->
                enforced(
                        id,
                        "stated in the allow-list, declared in the signed files, compared with the tensors",
                        "AllowListTest#V6_1_theEntryStatesTheQuantizationThatTheFilesHave",
                        "QuantizationConfigTest#V6_1_whatIsNotDeclaredInFullIsRefusedByName",
                        "CommandLineTest#V6_1_aModelIsAddedAsWhatItIsStatedToBe");
            case V6_2 ->
                enforced(
                        id,
                        "log probabilities of a reference text equal to the bit at each load, they and the weights in"
                                + " memory every " + SettingType.shown(config.canaryEvery())
                                + "; models judge against the base, by bounds of the allow-list",
                        "ModelCanaryTest#V6_2_aModelThatComputesOtherwiseIsNotServed",
                        "ModelCanaryTest#V6_2_aBitThatFlipsInMemoryWithdrawsTheModel",
                        "ModelCanaryTest#V6_2_aModelThatEmbedsIsWatchedAlike",
                        "ModelCanaryTest#V6_2_thePreviousVersionOfAnApplicationKeepsServing",
                        "CanaryReadingTest#V6_2_everyFaultIsFound",
                        "CanaryReadingTest#V6_2_theGoodModelRaisesNoAlarm",
                        "WeightMemoryTest#V6_2_whatChangesInMemoryIsNamed",
                        "JudgementTest#V6_2_whatIsNotTheBaseIsBeyondTheBounds");
            case V6_3 ->
                enforced(
                        id,
                        "scales up to 64 (blocks of GGUF: 1024), zeros, groups and packed sizes exact",
                        "QuantizationConfigTest#V6_3_packedSizesAndTypesAreExact",
                        "QuantizationConfigTest#V6_3_scalesThatAreNotPositiveOrAbsurdAreRefused",
                        "GgufReaderTest#V6_3_scalesBeyondThoseOfAnyModelAreRefused");
        };
    }

    private static String stops(List<String> stops) {
        return stops.stream().map(stop -> stop.replace("\n", "\\n")).collect(Collectors.joining(", "));
    }

    private Rule enforced(Requirement id, String value, String... tests) {
        Optional<Waiver> waiver =
                config.waivers().stream().filter(one -> one.rule() == id).findFirst();
        Rule.State state =
                waiver.<Rule.State>map(one -> new Rule.Waived(one.expires())).orElseGet(Rule.Enforced::new);
        return rule(id, state, value, tests);
    }

    private static Rule notBuilt(Requirement id, String there) {
        return rule(id, new Rule.NotBuilt(), there);
    }

    private static Rule rule(Requirement id, Rule.State state, String value, String... tests) {
        return new Rule(id, state, value, List.of(tests));
    }

    /// A number and, where it is another one, how far it may go without a waiver, by the table that refuses it.
    private static String bounded(Object value, Setting<?> setting) {
        return ServerFile.BOUNDS.stream()
                .filter(bound -> bound.setting().equals(setting))
                .map(bound -> shown(bound.most()))
                .map(most -> shown(value) + (most.equals(shown(value)) ? "" : " (rule: at most " + most + ")"))
                .findFirst()
                .orElseThrow();
    }

    private static String shown(Object value) {
        return switch (value) {
            case Duration duration -> SettingType.shown(duration);
            case Integer number -> String.format(Locale.ROOT, "%,d", number);
            case Long number -> String.format(Locale.ROOT, "%,d", number);
            default -> value.toString();
        };
    }

    private String memory() {
        OptionalLong given = config.model().map(ModelChoice::memoryBytes).orElse(OptionalLong.empty());
        return given.isPresent()
                ? shown(given.getAsLong()) + " bytes"
                : "the weights and " + engine.memoryUtilization() + " of what is available";
    }

    private String applications() {
        return edge.applications()
                .map(some -> String.join(", ", new TreeSet<>(some)))
                .orElse("every application");
    }

    private static String versions(TlsOptions tls) {
        return ", TLS " + String.join(" and ", new TreeSet<>(tls.versions()));
    }

    private static String formats() {
        return Arrays.stream(VerifiedArtifact.Container.values())
                .map(format -> format.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }
}

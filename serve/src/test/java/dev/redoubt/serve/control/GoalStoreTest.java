package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GoalStoreTest {
    @TempDir
    private Path folder;

    @Test
    void aDeployIsTheGoalAndTheOneBeforeIsRemembered() {
        try (GoalStore store = open()) {
            assertThat(store.deploy(spec("shop", 1))).isEqualTo(1);
            store.ran("shop", 1, Verdict.PROVEN);
            assertThat(store.deploy(spec("shop", 2))).isEqualTo(2);
            store.failed("shop", 2, "it did not start", OptionalLong.of(1));
        }
        try (GoalStore store = open()) {
            GoalStore.Goal goal = store.goals().getFirst();
            assertThat(goal.version().spec()).isEqualTo(spec("shop", 1));
            assertThat(goal.version().verdict()).isEqualTo(Verdict.PROVEN);
            GoalStore.Version failed = store.history("shop").getFirst();
            assertThat(failed.verdict()).isEqualTo(Verdict.FAILED);
            assertThat(failed.reason()).isEqualTo("it did not start");
            assertThat(failed.previous()).hasValue(1);
        }
    }

    @Test
    void onlyTheLastVersionsAreKept() {
        try (GoalStore store = open()) {
            for (int i = 1; i <= 30; i++) store.deploy(spec("shop", i));
            assertThat(store.history("shop")).hasSize(GoalStore.VERSIONS_MAX);
            assertThat(store.history("shop").getFirst().number()).isEqualTo(30);
        }
    }

    @Test
    void theLastThatHasWorkedIsKeptWithThem() {
        try (GoalStore store = open()) {
            for (int i = 1; i <= 3; i++) store.deploy(spec("shop", i));
            store.ran("shop", 2, Verdict.PROVEN);
            store.ran("shop", 3, Verdict.PROVEN);
            for (int i = 4; i <= 30; i++) store.deploy(spec("shop", i));
            assertThat(store.history("shop")).hasSize(GoalStore.VERSIONS_MAX + 1);
            assertThat(store.history("shop").getLast().number()).isEqualTo(3);
        }
    }

    @Test
    void aDeletedApplicationIsForgotten() {
        try (GoalStore store = open()) {
            store.deploy(spec("shop", 1));
            store.deploy(spec("pub", 1));
            store.deleting("shop");
            assertThat(store.goals()).extracting(GoalStore.Goal::deleting).containsExactly(false, true);
            store.deleted("shop");
            assertThat(store.goals()).hasSize(1);
            assertThat(store.history("shop")).isEmpty();
        }
    }

    @Test
    void onlyTheOwnerMayReadTheFiles() throws IOException {
        try (GoalStore store = open()) {
            store.deploy(spec("shop", 1));
            for (String name : List.of("platform.db", "platform.db-wal", "platform.db-shm"))
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name))))
                        .as(name)
                        .isEqualTo("rw-------");
        }
    }

    @Test
    void aNewerSchemaIsRefused() throws Exception {
        open().close();
        execute("PRAGMA user_version = 3");
        assertThatThrownBy(this::open)
                .isInstanceOf(GoalStoreException.class)
                .hasMessageContaining("schema version 3, known is 2");
    }

    @Test
    void anOlderSchemaIsTakenUp() throws Exception {
        try (GoalStore store = open()) {
            store.deploy(spec("shop", 1));
        }
        execute("DROP TABLE files");
        execute("PRAGMA user_version = 1");
        try (GoalStore store = open()) {
            assertThat(store.goals()).hasSize(1);
            assertThat(store.said()).isEmpty();
            store.said(Map.of("shop", new GoalStore.Said("{}", 1), "pub", new GoalStore.Said("{}", 2)));
        }
        try (GoalStore store = open()) {
            assertThat(store.said()).containsEntry("pub", new GoalStore.Said("{}", 2));
            store.said(Map.of("shop", new GoalStore.Said("{}", 3)));
            assertThat(store.said()).isEqualTo(Map.of("shop", new GoalStore.Said("{}", 3)));
            store.deleted("shop");
            assertThat(store.said()).as("no version of it").isEqualTo(Map.of("shop", new GoalStore.Said("{}", 0)));
        }
    }

    private void execute(String sql) throws Exception {
        try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("platform.db"));
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private GoalStore open() {
        return GoalStore.open(new Home(folder), TimeSource.system());
    }

    private static ApplicationSpec spec(String name, int version) {
        return Specs.application(name, Specs.deployment("Front", 1, "version", "v" + version));
    }
}

package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import org.junit.jupiter.api.Test;

final class JournalTest {
    private final Journal journal = new Journal(TimeSource.system());

    @Test
    void whatHappensIsTheApplicationsOwnAndInOrder() {
        journal.changed(Change.DEPLOYED, "shop", 3, "");
        journal.entered("shop", "Front", DeploymentState.UPDATING, Trigger.CONFIG_UPDATE_STARTED, "");
        journal.replica("other", "Front", "other.Front.1", "starts, version 1");
        journal.replica("shop", "Front", "shop.Front.2", "takes calls");
        assertThat(journal.of("shop"))
                .extracting(Journal.Entry::text)
                .containsExactly("DEPLOYED, version 3", "UPDATING (CONFIG_UPDATE_STARTED)", "takes calls");
        assertThat(journal.of("shop"))
                .extracting(Journal.Entry::number)
                .isSorted()
                .containsExactly(1L, 2L, 4L);
        assertThat(journal.of("nobody")).isEmpty();
    }

    @Test
    void theOldestGo() {
        for (int i = 0; i < 1200; i++) journal.replica("shop", "Front", "r" + i, "takes calls");
        assertThat(journal.of("shop")).hasSize(500);
        assertThat(journal.of("shop").getLast().subject()).isEqualTo("r1199");
        for (int i = 0; i < 300; i++) journal.changed(Change.DEPLOYED, "app-" + i, 1, "");
        assertThat(journal.of("shop")).isEmpty();
        assertThat(journal.of("app-0")).isEmpty();
        assertThat(journal.of("app-299")).hasSize(1);
        journal.changed(Change.DEPLOYED, "app-299", 1, "x".repeat(10_000));
        assertThat(journal.of("app-299").getLast().text()).hasSize(501);
    }

    @Test
    void chatterDrivesOutNoOtherEntry() {
        journal.replica("shop", "Front", "r1", "takes calls");
        for (int i = 0; i < 1000; i++) journal.printed("shop", "Front", "r1", "line " + i);
        journal.replica("shop", "Front", "r1", "ends");
        assertThat(journal.of("shop")).hasSize(202);
        assertThat(journal.of("shop").getFirst().text()).isEqualTo("takes calls");
        assertThat(journal.of("shop").get(1).text()).isEqualTo("prints: line 800");
        assertThat(journal.of("shop").getLast().text()).isEqualTo("ends");
    }

    @Test
    void aReasonOfOursIsKept() {
        String reason = "shop/Front has made an output 'y' of F32[1, 10], declared is F32[1, 5]";
        journal.failed(
                "shop", "Front", "id1", ServeException.because(reason).fault().orElseThrow());
        assertThat(journal.of("shop")).extracting(Journal.Entry::text).containsExactly("failed: " + reason);
    }

    @Test
    void V1_6_ofAFailureOnlyTheClassIsKept() {
        journal.failed("shop", "Front", "id1", "java.lang.IllegalStateException at a.B.c(B.java:1)");
        journal.failed("shop", "Front", "id2", "");
        journal.failed("shop", "Front", "id3", "what,the<caller>sent at a.B.c");
        assertThat(journal.of("shop"))
                .extracting(entry -> entry.subject() + " " + entry.text())
                .containsExactly("id1 failed: java.lang.IllegalStateException", "id2 failed", "id3 failed");
    }
}

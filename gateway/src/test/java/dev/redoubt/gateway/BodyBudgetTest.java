package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

final class BodyBudgetTest {
    @Test
    void R1_4_manyBodiesTogetherHaveALimitToo() {
        BodyBudget budget = new BodyBudget(20);
        BodyBudget.Share shop = budget.of("shop");
        BodyBudget.Share bank = budget.of("bank");
        shop.take(6);
        bank.take(10);
        assertBusy(() -> shop.take(5));
        assertThat(budget.used()).as("what is refused takes nothing").isEqualTo(16);
        shop.take(4);
        assertBusy(() -> budget.of("third").take(1));
        shop.give(10);
        bank.give(10);
        assertThat(budget.used()).isZero();
    }

    @Test
    void R4_2_oneApplicationLeavesRoomForTheOthers() {
        BodyBudget budget = new BodyBudget(20);
        budget.of("shop").take(10);
        assertBusy(() -> budget.of("shop").take(1));
        budget.of("bank").take(10);
    }

    private static void assertBusy(ThrowingCallable taking) {
        assertThatThrownBy(taking)
                .isInstanceOfSatisfying(
                        ServeException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.BUSY));
    }
}

package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import org.junit.jupiter.api.Test;

final class BodyBudgetTest {
    @Test
    void R1_4_manyBodiesTogetherHaveALimitToo() {
        BodyBudget budget = new BodyBudget(10);
        budget.take(6);
        assertThatThrownBy(() -> budget.take(5))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.BUSY));
        assertThat(budget.used()).as("what is refused takes nothing").isEqualTo(6);
        budget.take(4);
        budget.give(10);
        assertThat(budget.used()).isZero();
    }
}

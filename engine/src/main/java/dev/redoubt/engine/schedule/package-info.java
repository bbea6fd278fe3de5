/// Who computes how many tokens in the next step. Read [dev.redoubt.engine.schedule.Scheduler] first. Knows nothing of logits.
@NullMarked
package dev.redoubt.engine.schedule;

import org.jspecify.annotations.NullMarked;

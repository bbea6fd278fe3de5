/// Who computes how many tokens in the next step. Read [dev.redoubt.engine.schedule.Scheduler] first. Knows
/// nothing of logits, text, threads or clocks: time is a parameter, so the simulator runs the very same code.
@NullMarked
package dev.redoubt.engine.schedule;

import org.jspecify.annotations.NullMarked;

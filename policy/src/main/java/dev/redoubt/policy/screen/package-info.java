/// What in a prompt looks like an attempt to talk the model out of its instructions. Read
/// [dev.redoubt.policy.screen.PromptScreen] first. Knows texts and ids of patterns, nothing of requests.
@NullMarked
package dev.redoubt.policy.screen;

import org.jspecify.annotations.NullMarked;

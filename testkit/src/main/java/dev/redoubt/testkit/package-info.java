/// Tools for tests. Read [dev.redoubt.testkit.Shared] first. Never shipped.
@NullMarked
package dev.redoubt.testkit;

import org.jspecify.annotations.NullMarked;

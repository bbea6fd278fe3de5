/// Checks, errors, durable files and time. Read [dev.redoubt.base.ErrorCode] first: every refusal a caller can
/// see is in it. Knows nothing of models, HTTP or keys.
@NullMarked
package dev.redoubt.base;

import org.jspecify.annotations.NullMarked;

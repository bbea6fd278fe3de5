/// What was decided, by whom and under which rule, in a chain that shows what was changed. Read
/// [dev.redoubt.policy.audit.AuditLog] first, then `docs/adr/0009`. Knows nothing of keys, HTTP or models.
@NullMarked
package dev.redoubt.policy.audit;

import org.jspecify.annotations.NullMarked;

/// `redoubt audit`: reads a project, asks every check, returns findings and what was read. Read
/// [dev.redoubt.audit.Audit] first. Sees `base` only.
@NullMarked
package dev.redoubt.audit;

import org.jspecify.annotations.NullMarked;

/// One small class for each thing that breaks a rule. Read [dev.redoubt.audit.check.Checks] first. Sees facts,
/// no files.
@NullMarked
package dev.redoubt.audit.check;

import org.jspecify.annotations.NullMarked;

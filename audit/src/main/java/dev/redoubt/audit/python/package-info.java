/// Python source as a tree. Read [dev.redoubt.audit.python.PythonParser] first. Never fails and never recurses
/// without a bound, whatever the bytes; knows nothing of checks.
@NullMarked
package dev.redoubt.audit.python;

import org.jspecify.annotations.NullMarked;

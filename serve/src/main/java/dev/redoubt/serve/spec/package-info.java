/// What is wanted of an application, as plain data: checked when it is made, compared to tell an update from a
/// restart.
@NullMarked
package dev.redoubt.serve.spec;

import org.jspecify.annotations.NullMarked;

/// What a Java team writes: handlers, the handles between them, and the call that travels with a request. Read
/// [dev.redoubt.serve.Handler] first.
@NullMarked
package dev.redoubt.serve;

import org.jspecify.annotations.NullMarked;

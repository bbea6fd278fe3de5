/// From a call to a replica: who takes it, who waits, who is refused. Knows nothing of why replicas come and
/// go.
/// Read [dev.redoubt.serve.route.Router] first.
@NullMarked
package dev.redoubt.serve.route;

import org.jspecify.annotations.NullMarked;

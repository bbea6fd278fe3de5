/// What is wanted and what is: the goal state on disk, the controller that makes one the other, and the front
/// door to both. Read [dev.redoubt.serve.control.Platform] first, then
/// [dev.redoubt.serve.control.DeploymentControl].
@NullMarked
package dev.redoubt.serve.control;

import org.jspecify.annotations.NullMarked;

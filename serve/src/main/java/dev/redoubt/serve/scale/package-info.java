/// How many replicas a deployment should have, from what it has to do and what it may take. Pure: no threads,
/// time as an argument. Read [dev.redoubt.serve.scale.Autoscaler] first.
@NullMarked
package dev.redoubt.serve.scale;

import org.jspecify.annotations.NullMarked;

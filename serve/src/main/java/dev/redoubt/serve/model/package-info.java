/// Models of a library of native code as deployments: the calls of one replica, their threads, deadlines and
/// tensors. Read [dev.redoubt.serve.model.ModelServant] first. Which library computes is the affair of whoever
/// implements [dev.redoubt.serve.model.NativeModel].
@NullMarked
package dev.redoubt.serve.model;

import org.jspecify.annotations.NullMarked;

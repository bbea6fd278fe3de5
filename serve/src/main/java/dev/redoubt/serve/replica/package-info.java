/// The seam between what calls a replica and what runs in it. Read [dev.redoubt.serve.replica.Servant] first.
@NullMarked
package dev.redoubt.serve.replica;

import org.jspecify.annotations.NullMarked;

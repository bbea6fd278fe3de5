/// Bytes from outside become a verified artifact. Read [dev.redoubt.trust.VerifiedArtifact] first, then
/// [dev.redoubt.trust.ModelStore]. Knows what a container holds, never what a model computes.
@NullMarked
package dev.redoubt.trust;

import org.jspecify.annotations.NullMarked;

/// What files say about serving: engines, deployments, listeners, containers, with the values of their settings
/// as far as they can be known. Read [dev.redoubt.audit.facts.Facts] first. Judges nothing.
@NullMarked
package dev.redoubt.audit.facts;

import org.jspecify.annotations.NullMarked;

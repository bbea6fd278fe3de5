/// A configuration file, read strictly: YAML as a tree with lines, and the settings that it may hold. Read
/// [Section] first. Knows nothing of what a setting does.
@NullMarked
package dev.redoubt.base.config;

import org.jspecify.annotations.NullMarked;

/// Files of a project: which are read, which are left out and why, and places in their text. Read
/// [dev.redoubt.audit.source.FileFinder] first. Knows no language.
@NullMarked
package dev.redoubt.audit.source;

import org.jspecify.annotations.NullMarked;

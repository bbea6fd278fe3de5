/// The command line. Read [dev.redoubt.cli.Main] first: it lists the commands.
@NullMarked
package dev.redoubt.cli;

import org.jspecify.annotations.NullMarked;

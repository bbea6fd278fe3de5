/// What an auditor would try against a server that runs, and the report of it. Read [dev.redoubt.cli.evidence.Evidence]
/// first. Looks from outside: at sockets, at the system's view of the process, at files; it asks the server for
/// nothing but what callers may ask.
@NullMarked
package dev.redoubt.cli.evidence;

import org.jspecify.annotations.NullMarked;

package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Statement;
import java.util.List;

/// Statements that run one after the other, if any of them does: the body of a function, of a loop, a branch of an
/// `if`.
///
/// @param start an offset into the file's text
/// @param loopStart of the outermost loop of the function around it; where there is none nothing is between both
record Suite(int start, int end, int loopStart, int loopEnd) {
    /// The body of a module, a function or a class.
    static final Suite ALL = new Suite(0, Integer.MAX_VALUE, 0, -1);

    Suite loop(Statement loop) {
        boolean outermost = loopEnd < 0;
        return new Suite(
                loop.start(), loop.end(), outermost ? loop.start() : loopStart, outermost ? loop.end() : loopEnd);
    }

    Suite body(List<Statement> statements) {
        return statements.isEmpty()
                ? this
                : new Suite(statements.getFirst().start(), statements.getLast().end(), loopStart, loopEnd);
    }

    boolean holds(int at) {
        return start <= at && at < end;
    }

    /// Whether what stands in it may run before what stands further up, in the next round of a loop around both.
    boolean repeats(int at) {
        return loopStart <= at && at < loopEnd;
    }
}

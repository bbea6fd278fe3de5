package dev.redoubt.audit.python;

import java.util.function.Consumer;

/// A part of a program and where it stands: offsets into the text, the end exclusive.
public sealed interface Node permits Expression, Statement {
    int start();

    int end();

    /// Hands out the parts directly below, in the order of the text.
    void children(Consumer<Node> each);

    /// Hands out this part and all below it.
    default void walk(Consumer<Node> each) {
        each.accept(this);
        children(child -> child.walk(each));
    }

    /// This and all that is inside of it, but for what functions do that are defined there.
    default void walkHere(Consumer<Node> each) {
        if (this instanceof Statement.Function) return;
        each.accept(this);
        children(child -> child.walkHere(each));
    }
}

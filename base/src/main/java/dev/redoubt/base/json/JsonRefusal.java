package dev.redoubt.base.json;

import java.io.Serial;

/// A JSON text that breaks the grammar or a bound. Line and column are 1-based; 0 where there is none.
public final class JsonRefusal extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final String problem;
    private final String duplicateField;
    private final int line;
    private final int column;

    JsonRefusal(String problem, String duplicateField, int line, int column) {
        super(problem + " at line " + line + ", column " + column, null, false, false);
        this.problem = problem;
        this.duplicateField = duplicateField;
        this.line = line;
        this.column = column;
    }

    /// What is wrong, in words of ours: never a piece of the text.
    public String problem() {
        return problem;
    }

    /// The field that is given twice; empty if that is not the problem.
    public String duplicateField() {
        return duplicateField;
    }

    public int line() {
        return line;
    }

    public int column() {
        return column;
    }
}

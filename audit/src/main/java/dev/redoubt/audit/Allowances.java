package dev.redoubt.audit;

import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.source.SourceText;
import dev.redoubt.audit.source.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The comments of a file that allow findings: `# redoubt: allow V1.1 because …`, on the line of a finding or
/// on the one above it. An id is that of a requirement or of a check.
final class Allowances {
    private static final String MARK = "redoubt: allow";
    private static final Pattern COMMENT = Pattern.compile(
            "#\\s*redoubt: allow\\s+([RV]\\d\\.\\d(?:/[a-z-]+)?(?:\\s*,\\s*[RV]\\d\\.\\d(?:/[a-z-]+)?)*)(?:\\s+because\\s+(\\S.*))?");

    /// One of its ids on one line.
    private static final class Allowance {
        private final int line;
        private final int lineInFile;
        private final String id;
        private boolean used;

        Allowance(int line, int lineInFile, String id) {
            this.line = line;
            this.lineInFile = lineInFile;
            this.id = id;
        }
    }

    private final String path;
    private final List<Allowance> all = new ArrayList<>();
    private final List<Remark> remarks = new ArrayList<>();

    private Allowances(String path) {
        this.path = path;
    }

    static Allowances of(SourceText source) {
        Allowances found = new Allowances(source.path());
        for (int at = source.text().indexOf(MARK); at >= 0; at = source.text().indexOf(MARK, at + 1))
            found.read(source, source.lineAt(at));
        return found;
    }

    private void read(SourceText source, int line) {
        int lineInFile = source.inFile(new Span(line, 1, line, 1)).line();
        Matcher matcher = COMMENT.matcher(source.line(line));
        if (!matcher.find()) {
            remarks.add(new Remark(
                    path, lineInFile, "an allowance that cannot be read: write '# redoubt: allow V1.1 because …'"));
        } else if (matcher.group(2) == null) {
            remarks.add(new Remark(path, lineInFile, "an allowance without a reason allows nothing: add 'because …'"));
        } else {
            for (String id : matcher.group(1).split("\\s*,\\s*")) all.add(new Allowance(line, lineInFile, id));
        }
    }

    boolean allows(Finding finding) {
        boolean allowed = false;
        for (Allowance one : all) {
            boolean here = one.line == finding.textLine() || one.line == finding.textLine() - 1;
            boolean same = finding.check().id().equals(one.id)
                    || finding.check().requirement().id().equals(one.id);
            if (!here || !same) continue;
            one.used = true;
            allowed = true;
        }
        return allowed;
    }

    /// Once all findings have been asked for.
    List<Remark> remarks() {
        List<Remark> found = new ArrayList<>(remarks);
        for (Allowance one : all)
            if (!one.used)
                found.add(
                        new Remark(path, one.lineInFile, "allows " + one.id + ", which is not found here: remove it"));
        return found;
    }
}

package dev.redoubt.audit.check;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Files that serve nobody, by the names of files and folders: tests and what stands in for a server in them, and what
/// is kept beside the project though it is no longer a part of it, or is a copy of vLLM.
final class Unserved {
    private Unserved() {}

    private static final Pattern FILE = any(
            // tests
            "(test_[^/]*|[^/]*_test|conftest)\\.py",
            "(self-?)?tests?([_-][^/]*)?\\.sh|[^/]*[_-]test\\.sh",
            "[^/]*smoke[^/]*\\.(py|sh)",
            // what stands in for a server in them
            "(mock|fake|dummy|stub)s?([_-][^/]*)?\\.\\w+|[^/]*[_-](mock|fake|dummy|stub)\\.\\w+",
            // measurements
            "(benchmark|load_?test)(_[^/]*)?\\.(py|sh)|[^/]*_(benchmark|load_?test)\\.(py|sh)",
            // set aside
            "[^/]*[_.-](bkp|bak|backup|old|deprecated)\\.\\w+",
            // for whoever writes the program
            "(docker-)?compose[.-](dev|development|test|ci)\\.ya?ml");

    private static final Pattern FOLDER = any(
            // tests, and what stands in for a server in them
            "tests?([_-].*)?|testing|testdata|__tests__|(e2e|integration|unit|self)[_-]?tests?|e2e|fixtures?",
            "mocks?|fakes?|(mock|fake|dummy|stub)s?[_-].*|.*[_-](mock|fake|dummy|stub)[a-z]{0,8}",
            // measurements and what was tried
            "(.*[_-])?(benchmarks?|benchmarking|bench|load[_-]?tests?|experiments?|reproductions?|repros?)",
            "issues?|research|hack|scratch|playground",
            // set aside
            "(.*[_-])?snapshots?|(.*[_.-])?bak|.*[_-](backup|old)|_*quarantined?|_*archives?d?|attic|(.*[_-])?legacy",
            "_*backups?|_*deprecated|_+old|trash|graveyard|versioned_docs",
            // somebody else's
            "upstream|third[-_]?part(y|ies)|3rd_?party");

    private static Pattern any(String... forms) {
        return Pattern.compile(String.join("|", forms));
    }

    /* vLLM itself, in a folder with its name, and what a project keeps of others' documentation: its folder says so, or the licence
     * above it. */
    private static final Pattern OF_OTHERS =
            Pattern.compile("(.*/)?vllm[^/]*/(entrypoints|model_executor|spec_decode)/.*"
                    + "|(.*/)?docs?/(vllm|ray|openai|sglang|transformers|langchain|fastapi)/.*");
    private static final Pattern KEPT = Pattern.compile("(.*/)?(docs?|documentation|examples?|references?|samples)/.*");
    private static final String OF_VLLM = "SPDX-FileCopyrightText: Copyright contributors to the vLLM project";

    private static final Pattern OF_LIVE = Pattern.compile("(?m)^ {2}(uid|resourceVersion): ");
    private static final Pattern STATUS = Pattern.compile("(?m)^status:");

    /// What `kubectl get -o yaml` writes of an object that is there already.
    private static boolean isDump(String path, String text) {
        return path.matches(".*\\.ya?ml")
                && OF_LIVE.matcher(text).find()
                && STATUS.matcher(text).find();
    }

    private static final Pattern KILL = Pattern.compile(
            "(?m)^(?![ \\t]{0,200}(#|trap\\b))[^\\n]{0,500}?\\bkill\\b[^\\n]{0,40}\\$\\{?\\w*PID",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern ENDS = Pattern.compile("\\.(terminate|kill)\\(\\)");
    private static final Pattern MEASURED = Pattern.compile("vllm[\"', ]{1,5}bench\\b|route_prefix ?= ?None");

    /// A script that starts a server beside itself, asks it on its own machine and ends it again.
    private static boolean isMeasurement(String path, String text) {
        if (path.endsWith(".py") && text.contains("serve.run(") && text.contains("serve.shutdown()"))
            return MEASURED.matcher(text).find();
        if (path.endsWith(".py"))
            return path.contains("bench")
                    && text.contains("Popen(")
                    && ENDS.matcher(text).find()
                    && text.contains("http://localhost");
        if (!path.endsWith(".sh") && !text.contains("kind: Job")) return false;
        if (!text.contains("localhost") && !text.contains("127.0.0.1")) return false;
        Matcher kill = KILL.matcher(text);
        int last = -1;
        while (kill.find()) last = kill.end();
        int started = Math.max(text.lastIndexOf("&\n"), text.lastIndexOf("& \n"));
        return 0 <= started && started < last;
    }

    /// @param path from the folder that is audited on: what lies above says nothing of it
    static boolean is(String path, String text) {
        String[] parts = path.split("/");
        String file = parts[parts.length - 1];
        if (FILE.matcher(file).matches()) return true;
        for (int i = 0; i < parts.length - 1; i++) if (FOLDER.matcher(parts[i]).matches()) return true;
        return isMeasurement(path, text)
                || isDump(path, text)
                || OF_OTHERS.matcher(path).matches()
                || KEPT.matcher(path).matches()
                        && text.substring(0, Math.min(text.length(), 500)).contains(OF_VLLM);
    }
}

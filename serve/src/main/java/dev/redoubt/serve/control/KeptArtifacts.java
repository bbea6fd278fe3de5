package dev.redoubt.serve.control;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copies of the files that versions of applications are made of, once each, by their digests: what is wanted runs from
/// them, whatever happens to the files they were taken from. Safe for any thread.
final class KeptArtifacts {
    /* Order: a copy is whole before the version that names it is stored, and is removed after the last such version is forgotten. So a server
     * that is killed in between leaves a copy too many at most, which the next start removes, and a stored version lacks none.
     * Who is named is read from the stored text, of versions that this server cannot read too.
     *
     * Trust: nothing is believed of a copy. Whoever reads it compares it with its digest, as it would the file itself. */
    private static final Logger LOG = LoggerFactory.getLogger(KeptArtifacts.class);
    private static final String PREFIX = "sha256-";
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    private final Path folder;
    private final Map<String, ServantFactory> runtimes;
    private final ChangeListener listener;
    private final List<String> held = new ArrayList<>(); // digests of deploys in progress; guarded by itself
    private volatile Set<String> named = Set.of(); // digests of the versions that are stored

    /// @param folder made when it is needed
    /// @param runtimes by kind
    /// @param listener told of copies that somebody has changed
    KeptArtifacts(Path folder, Map<String, ServantFactory> runtimes, ChangeListener listener) {
        this.folder = folder;
        this.runtimes = Map.copyOf(runtimes);
        this.listener = listener;
    }

    /// The runtimes, which read a copy where there is one.
    Map<String, ServantFactory> readers() {
        Map<String, ServantFactory> readers = new TreeMap<>();
        runtimes.forEach((kind, runtime) -> readers.put(kind, new Reader(runtime)));
        return readers;
    }

    /// Runs what stores a version, when its files are here; none of them is removed meanwhile.
    ///
    /// @throws RuntimeRefusal if one is not what it must be, or there is no room for it
    <T> T keeping(ApplicationSpec spec, Supplier<T> storing) throws RuntimeRefusal {
        Map<String, Artifact> files = new TreeMap<>();
        for (DeploymentSpec deployment : spec.deployments())
            file(deployment).ifPresent(file -> files.put(deployment.name(), file));
        List<String> digests = files.values().stream().map(Artifact::digest).toList();
        hold(digests);
        try {
            for (Map.Entry<String, Artifact> file : files.entrySet()) keep(file.getKey(), file.getValue());
            return storing.get();
        } finally {
            release(digests);
        }
    }

    private void hold(List<String> digests) {
        synchronized (held) {
            held.addAll(digests);
        }
    }

    private void release(List<String> digests) {
        synchronized (held) {
            digests.forEach(held::remove);
        }
    }

    /// Removes what no version names, and what a killed server has half written.
    ///
    /// @param specs of all versions, as they are stored
    void sweep(List<String> specs) {
        Set<String> found = new HashSet<>();
        for (String spec : specs)
            DIGEST.matcher(spec).results().map(MatchResult::group).forEach(found::add);
        named = Set.copyOf(found);
        synchronized (held) {
            if (!Files.isDirectory(folder)) return;
            try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
                for (Path file : all) if (!inUse(file)) DurableFiles.deleteTree(file);
            } catch (IOException e) {
                LOG.warn("copies that no version needs could not all be removed: {}", e.toString());
            }
        }
    }

    private boolean inUse(Path file) {
        String name = String.valueOf(file.getFileName());
        if (!name.startsWith(PREFIX)) return !held.isEmpty(); // perhaps being written
        String digest = name.substring(PREFIX.length());
        return named.contains(digest) || held.contains(digest);
    }

    private Optional<Artifact> file(DeploymentSpec spec) {
        return Optional.ofNullable(runtimes.get(spec.runtime().kind()))
                .flatMap(runtime -> runtime.artifact(spec.runtime()))
                .filter(file -> DIGEST.matcher(file.digest()).matches()); // it becomes a name of a file
    }

    private Artifact copy(Artifact file) {
        return file.at(folder.resolve(PREFIX + file.digest()));
    }

    private static boolean exists(Artifact file) {
        return Files.exists(file.file(), LinkOption.NOFOLLOW_LINKS);
    }

    private void keep(String deployment, Artifact file) throws RuntimeRefusal {
        try {
            keep(file);
        } catch (RuntimeRefusal e) {
            throw new RuntimeRefusal("deployment '%s': %s".formatted(deployment, e.getMessage()), e);
        }
    }

    /// One at a time, so that none is written twice. What is there and is not the copy, somebody has put there.
    private synchronized void keep(Artifact file) throws RuntimeRefusal {
        Artifact copy = copy(file);
        boolean there = exists(copy);
        if (there && isWhole(copy)) return;
        boolean written = false;
        try {
            DurableFiles.<RuntimeRefusal>replace(copy.file(), out -> {
                file.copy(out);
                if (Files.isDirectory(copy.file(), LinkOption.NOFOLLOW_LINKS)) DurableFiles.deleteTree(copy.file());
            });
            written = true;
        } catch (IOException e) {
            throw file.notCopied(folder, e);
        } finally {
            if (there) changed(file, written);
        }
    }

    private void changed(Artifact file, boolean written) {
        listener.tampered(file.digest(), written);
        Path copy = copy(file).file();
        if (written) LOG.warn("{} was changed (R1.6), and is taken again from {}", copy, file.file());
    }

    private static boolean isWhole(Artifact copy) {
        try {
            copy.check();
            return true;
        } catch (RuntimeRefusal changed) {
            return false;
        }
    }

    /// A copy that somebody has changed is taken again, if its file is still what it was.
    private void mend(Artifact file) throws RuntimeRefusal {
        Path copy = copy(file).file();
        List<String> digest = List.of(file.digest());
        hold(digest);
        try {
            keep(file);
        } catch (RuntimeRefusal e) {
            throw new RuntimeRefusal(
                    copy + " was changed (R1.6): it is taken again from " + file.file()
                            + " when that has its digest; now " + e.getMessage(),
                    e);
        } finally {
            release(digest);
        }
    }

    /// A copy of a stored version that has gone is taken again, if its file is still what it was. If not, whoever
    /// needs it finds that out from the file itself.
    private boolean isTakenAgain(Artifact file) {
        if (!named.contains(file.digest())) return false;
        List<String> digest = List.of(file.digest());
        hold(digest);
        try {
            keep(file);
            LOG.warn("{} was gone, and is taken again from {}", copy(file).file(), file.file());
            return true;
        } catch (RuntimeRefusal e) {
            LOG.warn("{} is gone, and cannot be taken again: {}", copy(file).file(), e.getMessage());
            return false;
        } finally {
            release(digest);
        }
    }

    /// A runtime that is told of the copy in place of the file.
    private final class Reader implements ServantFactory {
        private final ServantFactory runtime;

        Reader(ServantFactory runtime) {
            this.runtime = runtime;
        }

        @Override
        public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
            DeploymentSpec here = here(spec);
            try {
                return runtime.describe(here);
            } catch (RuntimeRefusal e) {
                Optional<Artifact> file = file(spec);
                if (here.equals(spec) || file.isEmpty() || isWhole(copy(file.get()))) throw e;
                mend(file.get());
                return runtime.describe(here);
            }
        }

        @Override
        public DeploymentSpec pinned(DeploymentSpec spec, Interface face) {
            return runtime.pinned(spec, face);
        }

        @Override
        public Optional<String> languageModel(DeploymentSpec spec) {
            return runtime.languageModel(spec);
        }

        @Override
        public Isolation isolation() {
            return runtime.isolation();
        }

        @Override
        public Optional<Artifact> artifact(RuntimeSpec spec) {
            return runtime.artifact(spec);
        }

        /// Described before, so the copy is what it must be.
        @Override
        public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
                throws RuntimeRefusal {
            return runtime.start(application, here(spec), replicaId, outgoing);
        }

        /// What is not stored yet, and what has lost its copy for good, has its file where it says.
        private DeploymentSpec here(DeploymentSpec spec) {
            return file(spec)
                    .filter(file -> exists(copy(file)) || isTakenAgain(file))
                    .map(KeptArtifacts.this::copy)
                    .map(copy -> spec.with(
                            spec.runtime().with(copy.setting(), copy.file().toString())))
                    .orElse(spec);
        }
    }
}

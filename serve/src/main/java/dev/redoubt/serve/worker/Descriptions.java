package dev.redoubt.serve.worker;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What deployments are like, remembered by all that it follows from: to ask takes a process. Safe for any thread.
final class Descriptions {
    /* A description follows from the bytes of a jar or model, whose digest stands in the spec, the other settings, the user configuration, and
     * the product, which is known by its files as the JVM finds them. The folder is its owner's alone, as everything at home. What cannot be read or written is asked
     * for again. */
    private static final Logger LOG = LoggerFactory.getLogger(Descriptions.class);
    private static final int FILES_MAX = 1000;
    private static final int BYTES_MAX = 1 << 20;

    private final Path folder;

    /// @param folder made if it is not there
    Descriptions(Path folder) throws IOException {
        this.folder = DurableFiles.privateDirectory(folder);
    }

    /// @param product the files of what describes
    Optional<Interface> find(DeploymentSpec spec, List<Path> product) {
        try {
            Path file = file(spec, product);
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > BYTES_MAX)
                return Optional.empty();
            return Optional.of(InterfaceJson.read(Files.readAllBytes(file)));
        } catch (IOException e) {
            LOG.debug("a description cannot be read: {}", e.getClass().getName());
            return Optional.empty();
        }
    }

    void remember(DeploymentSpec spec, List<Path> product, Interface described) {
        try {
            forgetMany();
            DurableFiles.replace(file(spec, product), InterfaceJson.write(described));
        } catch (IOException e) {
            LOG.debug("a description cannot be written: {}", e.getClass().getName());
        }
    }

    /// Too many are all forgotten: which of them are still of use nobody knows, and each is soon back.
    private void forgetMany() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            all.forEach(files::add);
        }
        if (files.size() < FILES_MAX) return;
        for (Path file : files) Files.deleteIfExists(file);
    }

    private Path file(DeploymentSpec spec, List<Path> product) throws IOException {
        DigestOutputStream digest = new DigestOutputStream(OutputStream.nullOutputStream(), Artifact.sha256());
        try (DataOutputStream all = new DataOutputStream(digest)) {
            all.writeUTF(spec.runtime().kind());
            Map<String, String> settings = new TreeMap<>(spec.runtime().settings());
            all.writeInt(settings.size());
            for (Map.Entry<String, String> setting : settings.entrySet()) {
                all.writeUTF(setting.getKey());
                all.writeUTF(setting.getValue());
            }
            byte[] config = spec.userConfig().getBytes(java.nio.charset.StandardCharsets.UTF_8);
            all.writeInt(config.length);
            all.write(config);
            for (Path file : product) {
                all.writeUTF(file.toString());
                if (!Files.isRegularFile(file)) continue; // a build's folder of classes
                all.writeLong(Files.size(file));
                all.writeLong(Files.getLastModifiedTime(file).toMillis());
            }
        }
        return folder.resolve(HexFormat.of().formatHex(digest.getMessageDigest().digest()));
    }
}

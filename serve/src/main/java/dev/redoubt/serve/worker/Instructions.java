package dev.redoubt.serve.worker;

import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a worker is to do, as it comes in over its standard input: never as arguments, which every user of the
/// machine can read.
///
/// @param token what proves to the server that the worker is the one it started
/// @param describe whether to say what the deployment takes and gives, and end
/// @param folder the worker's own
/// @param overdueMax how long the work of a call may go on after its end
/// @param readable files and folders of the JDK and of the product
record Instructions(
        byte[] token,
        boolean describe,
        String application,
        String replicaId,
        DeploymentSpec spec,
        Path folder,
        Confiner.Limits limits,
        int frameBytesMax,
        Duration overdueMax,
        List<Path> readable) {
    static final int TOKEN_BYTES = 32;
    private static final int TEXT_BYTES_MAX = 16 << 20;
    private static final int LIST_MAX = 10_000;

    void write(DataOutputStream out) throws IOException {
        out.write(token);
        out.writeBoolean(describe);
        text(out, application);
        text(out, replicaId);
        spec(out);
        text(out, folder.toString());
        out.writeInt(limits.processors());
        out.writeLong(limits.dataBytesMax());
        out.writeLong(limits.fileBytesMax());
        out.writeInt(limits.filesMax());
        out.writeInt(frameBytesMax);
        out.writeLong(overdueMax.toNanos());
        out.writeInt(readable.size());
        for (Path path : readable) text(out, path.toString());
        out.flush();
    }

    /// What the worker needs of it: how many replicas there are and how they are probed is the server's affair.
    private void spec(DataOutputStream out) throws IOException {
        text(out, spec.name());
        text(out, spec.runtime().kind());
        out.writeInt(spec.runtime().settings().size());
        for (Map.Entry<String, String> setting : spec.runtime().settings().entrySet()) {
            text(out, setting.getKey());
            text(out, setting.getValue());
        }
        out.writeDouble(spec.each().cpus());
        out.writeLong(spec.each().memoryBytes());
        out.writeDouble(spec.each().gpuShare());
        out.writeInt(spec.ongoingMax());
        out.writeInt(spec.queuedMax());
        text(out, spec.userConfig());
    }

    static Instructions read(DataInputStream in) throws IOException {
        byte[] token = new byte[TOKEN_BYTES];
        in.readFully(token);
        boolean describe = in.readBoolean();
        String application = text(in);
        String replicaId = text(in);
        DeploymentSpec spec = spec(in);
        Path folder = Path.of(text(in));
        Confiner.Limits limits = new Confiner.Limits(in.readInt(), in.readLong(), in.readLong(), in.readInt());
        int frameBytesMax = in.readInt();
        Duration overdueMax = Duration.ofNanos(in.readLong());
        int paths = size(in);
        List<Path> readable = new ArrayList<>();
        for (int i = 0; i < paths; i++) readable.add(Path.of(text(in)));
        return new Instructions(
                token, describe, application, replicaId, spec, folder, limits, frameBytesMax, overdueMax, readable);
    }

    private static DeploymentSpec spec(DataInputStream in) throws IOException {
        String name = text(in);
        String kind = text(in);
        int count = size(in);
        Map<String, String> settings = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) settings.put(text(in), text(in));
        Resources each = new Resources(in.readDouble(), in.readLong(), in.readDouble());
        int ongoingMax = in.readInt();
        int queuedMax = in.readInt();
        return new DeploymentSpec(
                name,
                new RuntimeSpec(kind, settings),
                Isolation.THREAD, // it is in a process of its own already
                each,
                ongoingMax,
                queuedMax,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                text(in));
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String text(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > TEXT_BYTES_MAX) throw new IOException("a text of " + length + " bytes");
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int size(DataInputStream in) throws IOException {
        int size = in.readInt();
        if (size < 0 || size > LIST_MAX) throw new IOException("a list of " + size);
        return size;
    }
}

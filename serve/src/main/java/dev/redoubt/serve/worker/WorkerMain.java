package dev.redoubt.serve.worker;

import dev.redoubt.base.FaultText;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputFilter;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The program of a worker process: one replica's runtime behind a link to the server that started it. It ends
/// with that server, whatever happens to it.
public final class WorkerMain {
    /// Exit codes; a JVM itself takes 1 for what nobody caught and 3 for an out-of-memory error.
    static final int LINK_ENDED = 10;

    static final int LIFELINE_ENDED = 11;
    static final int SERIALIZATION_ON = 12;

    private static final List<Path> DEVICES =
            List.of(Path.of("/dev/zero"), Path.of("/dev/random"), Path.of("/dev/urandom"));

    private WorkerMain() {}

    public static void main(String[] arguments) throws IOException {
        LinkThreads threads = new LinkThreads(new ShortCalls());
        run(new JavaProgram(threads), threads);
    }

    /// Runs one replica, or describes its deployment, and ends the process.
    public static void run(WorkerProgram program) throws IOException {
        run(program, new LinkThreads(new ShortCalls()));
    }

    private static void run(WorkerProgram program, LinkThreads threads) throws IOException {
        InputStream lifeline = System.in;
        requireNoSerialization();
        Instructions instructions = Instructions.read(new DataInputStream(lifeline));
        System.setIn(InputStream.nullInputStream());
        SocketChannel channel = SocketChannel.open(
                UnixDomainSocketAddress.of(instructions.folder().resolve(Worker.SOCKET)));
        Frames frames = new Frames(channel, instructions.frameBytesMax());
        try {
            WorkerProgram.Opened opened = program.open(instructions.spec(), instructions.folder());
            // From here on every thread is confined that is started; nothing of the deployment has been looked at.
            Confined confined = Confiner.confine(instructions.limits(), allowed(instructions));
            Thread.ofPlatform().name("lifeline").daemon().start(() -> endWith(lifeline));
            frames.send(frames.writer(FrameType.HELLO, 0)
                    .u32(Worker.VERSION)
                    .bytes(instructions.token())
                    .u32(confined.bits()));
            serve(instructions, opened.runtime(instructions.overdueMax()), frames, threads);
        } catch (RuntimeRefusal refusal) {
            frames.send(frames.writer(FrameType.REFUSED, 0).text(String.valueOf(refusal.getMessage())));
        }
        frames.finish();
        Runtime.getRuntime().halt(0);
    }

    private static void requireNoSerialization() {
        ObjectInputFilter filter = ObjectInputFilter.Config.getSerialFilter();
        if (filter == null || !filter.toString().equals(WorkerCommand.SERIAL_FILTER))
            Runtime.getRuntime().halt(SERIALIZATION_ON);
    }

    private static Landlock.Allowed allowed(Instructions instructions) {
        List<Path> read = new ArrayList<>(instructions.readable());
        read.addAll(DEVICES);
        return new Landlock.Allowed(read, List.of(instructions.folder(), Path.of("/dev/null")));
    }

    /// The server has the other end of standard input for as long as it lives.
    private static void endWith(InputStream lifeline) {
        try {
            long ignored = lifeline.transferTo(OutputStream.nullOutputStream()); // until it ends: nothing comes
        } catch (IOException broken) {
            Runtime.getRuntime().halt(LIFELINE_ENDED);
        }
        Runtime.getRuntime().halt(LIFELINE_ENDED);
    }

    private static void serve(Instructions instructions, ServantFactory runtime, Frames frames, LinkThreads threads)
            throws IOException, RuntimeRefusal {
        Interface described = runtime.describe(instructions.spec());
        frames.send(frames.writer(FrameType.INTERFACE, 0).bytes(InterfaceJson.write(described)));
        if (!instructions.describe()) new Running(frames, described, runtime, instructions).run(threads);
    }

    /// One servant and the link to whoever calls it.
    private static final class Running implements Calls.Callee, Outgoing {
        private final Frames frames;
        private final Interface described;
        private final Calls calls;
        private final Servant servant;

        Running(Frames frames, Interface described, ServantFactory runtime, Instructions instructions)
                throws RuntimeRefusal {
            this.frames = frames;
            this.described = described;
            // The server counts calls and knows how many there may be; twice that, for those that it has cancelled.
            this.calls = new Calls(frames, this, 2 * instructions.spec().ongoingMax(), true);
            this.servant =
                    runtime.start(instructions.application(), instructions.spec(), instructions.replicaId(), this);
        }

        void run(LinkThreads threads) throws IOException {
            frames.send(frames.writer(FrameType.READY, 0));
            threads.readAll(frames, this::receive, Running::ended);
        }

        /// Also where the server broke the format: nothing is left to do.
        private static void ended(Throwable how) {
            Thread reader = Thread.currentThread();
            if (!(how instanceof IOException)) reader.getThreadGroup().uncaughtException(reader, how); // prints it
            Runtime.getRuntime().halt(LINK_ENDED);
        }

        private void receive(FrameType type, int id, FrameReader body) throws IOException {
            switch (type) {
                case RECONFIGURE -> {
                    byte[] config = body.bytes(frames.bytesMax());
                    answer(id, () -> servant.reconfigure(new StrictJson(JsonLimits.REQUEST).parse(config)));
                }
                case HEALTH -> answer(id, servant::healthCheck);
                case BYE -> Thread.ofPlatform().name("bye").start(this::end);
                case CALL, ITEM, COMPLETED, FAILED, CANCEL, CREDIT -> calls.receive(type, id, body);
                case HELLO, INTERFACE, READY, REFUSED, DONE -> throw new BadFrame("a frame of type " + type);
            }
        }

        private interface Work {
            void run() throws Exception;
        }

        /// On a thread of its own: it may take as long as it likes.
        private void answer(int id, Work work) {
            Thread.ofVirtual().name("worker-ask").start(() -> {
                FrameWriter done = frames.writer(FrameType.DONE, id);
                try {
                    work.run();
                    done.u8(1).text("");
                } catch (RuntimeRefusal | JsonRefusal | ServeException said) {
                    done.u8(0).text(String.valueOf(said.getMessage()));
                } catch (Throwable fault) { // its text may hold what no log may
                    done.u8(0).text(FaultText.brief(fault));
                }
                try {
                    frames.send(done);
                } catch (IOException linkEnded) {
                    return;
                }
            });
        }

        private void end() {
            servant.close();
            Runtime.getRuntime().halt(0);
        }

        @Override
        public Signature signature(String target) throws BadFrame {
            if (!target.isEmpty()) throw new BadFrame("a call of another deployment");
            return Signature.of(described);
        }

        @Override
        public void take(String target, Payload input, Call claimed, ReplyListener replies) {
            servant.call(input, claimed, replies);
        }

        @Override
        public void call(String target, Payload input, Call call, ReplyListener replies) {
            for (Interface.Edge edge : described.calls())
                if (edge.target().equals(target)) {
                    calls.start(target, Signature.of(edge), input, call, replies);
                    return;
                }
            throw new IllegalArgumentException(target + " is none of the deployments that are called");
        }
    }
}

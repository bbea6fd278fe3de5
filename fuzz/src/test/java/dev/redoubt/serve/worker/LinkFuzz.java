package dev.redoubt.serve.worker;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.JsonNodeFactory;

/// Whatever a worker process sends, the server's end of the link takes it or ends the link (R3.1), and each call that
/// was in progress ends once. The calls are number 1, of one item, and number 2, of many.
public final class LinkFuzz {
    private static final int FRAME_BYTES_MAX = 1 << 16;
    private static final Schema VALUE = new Schema.Fields(List.of(
            new Schema.Field("text", new Schema.Text(), true),
            new Schema.Field("reals", new Schema.Many(new Schema.Real()), false),
            new Schema.Field("box", new Schema.Box(DType.I32, List.of(-1)), false)));

    private LinkFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        described(input);
        try (LinkPair pair = LinkPair.sent(input);
                Frames frames = new Frames(pair.near(), FRAME_BYTES_MAX)) {
            Calls calls = new Calls(frames, new Worker(), 4, false);
            Ends single = new Ends();
            Ends many = new Ends();
            calls.start("", new Signature(VALUE, VALUE, false), value(), call(), single);
            calls.start("", new Signature(VALUE, VALUE, true), value(), call(), many);
            try {
                frames.readAll((type, id, body) -> calls.receive(type, id, body));
            } catch (IOException over) {
                calls.close();
            }
            single.must();
            many.mayBe();
        }
    }

    /// What a worker says that it takes and gives.
    private static void described(byte[] input) {
        try {
            byte[] written = InterfaceJson.write(InterfaceJson.read(input));
            if (!InterfaceJson.read(written).equals(InterfaceJson.read(input)))
                throw new IllegalStateException("an interface that was written is read as another");
        } catch (BadFrame refused) {
            return;
        }
    }

    private static Payload value() {
        return new Payload.Tree(JsonNodeFactory.instance.objectNode().put("text", "a"));
    }

    private static Call call() {
        return new Call("r", "shop", "k", System.nanoTime() + 1_000_000_000L, Optional.empty(), new Cancellation());
    }

    /// The listener of a stream is told on another thread, so of its end only that it is no second one is asked.
    private static final class Ends implements ReplyListener {
        private int ends;

        @Override
        public void next(Payload item) {
            item.tree();
        }

        @Override
        public synchronized void completed() {
            ends++;
        }

        @Override
        public synchronized void failed(ServeException failure) {
            ends++;
        }

        synchronized void must() {
            if (ends != 1) throw new IllegalStateException("a call has ended " + ends + " times");
        }

        synchronized void mayBe() {
            if (ends > 1) throw new IllegalStateException("a stream has ended " + ends + " times");
        }
    }

    /// What the peer calls is `next`, and is answered at once.
    private static final class Worker implements Calls.Callee {
        @Override
        public Signature signature(String target) throws BadFrame {
            if (!target.equals("next")) throw new BadFrame("there is no such target");
            return new Signature(VALUE, VALUE, true);
        }

        @Override
        public void take(String target, Payload input, Call claimed, ReplyListener replies) {
            byte[] text = input.tree().toString().getBytes(StandardCharsets.UTF_8);
            if (text.length == 0) throw new IllegalStateException("a value without text");
            replies.completed();
        }
    }
}

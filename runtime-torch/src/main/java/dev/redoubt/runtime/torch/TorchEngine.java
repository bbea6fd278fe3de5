package dev.redoubt.runtime.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.engine.PtEngineProvider;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.trust.TorchScriptArtifact;
import java.io.IOException;

/// PyTorch in this process, which is a worker's and confined: it is started once.
final class TorchEngine {
    /* DJL asks properties. It would fetch a library that it does not find, look for graphics cards through JNA (which is not
     * on the path), and report to its maker once a day; it is told not to, and has no socket to do it by. The optimizer of
     * TorchScript watches the first calls and compiles for the shapes that it saw: without it every call takes the same way. */
    static final String FOLDER_PROPERTY = "PYTORCH_LIBRARY_PATH";

    private final Engine engine;

    private TorchEngine(Engine engine) {
        this.engine = engine;
    }

    /// Loads the library.
    ///
    /// @param threads that one call computes with
    static TorchEngine start(int threads) {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("PYTORCH_FLAVOR", "cpu");
        System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
        return new TorchEngine(new PtEngineProvider().getEngine());
    }

    /// @param place application and deployment
    /// @throws IOException never: the bytes are in memory
    TorchModel load(TorchScriptArtifact artifact, String place, Interface types) throws IOException {
        var manager = (PtNDManager) engine.newBaseManager(Device.cpu());
        PtSymbolBlock module = JniUtils.loadModule(manager, new SegmentInput(artifact.bytes()), false, false);
        return new TorchModel(manager, module, place, types);
    }
}

/// The command line: wires everything by constructor.
module dev.redoubt.cli {
    requires static org.jspecify;
    requires dev.redoubt.audit;
    requires dev.redoubt.base;
    requires dev.redoubt.engine;
    requires dev.redoubt.gateway;
    requires dev.redoubt.kernels;
    requires dev.redoubt.policy;
    requires dev.redoubt.runtime.llm;
    requires dev.redoubt.runtime.onnx;
    requires dev.redoubt.runtime.torch;
    requires dev.redoubt.serve;
    // How large the machine is.
    requires jdk.management;
    requires dev.redoubt.trust;
    requires info.picocli;
    // Only `dev-cert` makes certificates: the launcher adds these modules for it, so that no other start pays for them.
    requires static org.bouncycastle.pkix;
    requires static org.bouncycastle.provider;
    // The hidden command that trains an archive of classes asks its own server over a socket.
    requires java.net.http;
    requires org.jline;
    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires org.slf4j;

    // picocli sets annotated fields by reflection.
    opens dev.redoubt.cli to
            info.picocli;

    // How Logback is set up: in Java, since parsing XML would be a tenth of a start.
    provides ch.qos.logback.classic.spi.Configurator with
            dev.redoubt.cli.LogSetup;
}

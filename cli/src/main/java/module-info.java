/// The command line: wires everything by constructor.
module dev.redoubt.cli {
    requires static org.jspecify;
    requires dev.redoubt.base;
    requires dev.redoubt.engine;
    requires dev.redoubt.gateway;
    requires dev.redoubt.kernels;
    requires dev.redoubt.policy;
    requires dev.redoubt.trust;
    requires info.picocli;
    requires org.jline;
    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires org.slf4j;

    // picocli sets annotated fields by reflection.
    opens dev.redoubt.cli to info.picocli;
}

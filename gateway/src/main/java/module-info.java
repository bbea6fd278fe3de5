/// The HTTP edge. Never sees the engine: it knows [dev.redoubt.base.generation.LanguageModel],
/// and applications by their ingress.
module dev.redoubt.gateway {
    requires static org.jspecify;
    requires transitive dev.redoubt.base;
    requires transitive dev.redoubt.policy;
    requires transitive dev.redoubt.serve;
    requires io.vertx.core;
    // FramingGuard stands in front of Netty's parser.
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.codec.http;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires io.prometheus.metrics.core;
    requires io.prometheus.metrics.model;
    requires io.prometheus.writer.text;
    requires org.slf4j;

    exports dev.redoubt.gateway;
}

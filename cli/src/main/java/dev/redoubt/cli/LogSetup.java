package dev.redoubt.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;

/// Logging: lines for people on stderr, the access log's JSON lines beside them. stdout belongs to results.
public final class LogSetup extends ContextAwareBase implements Configurator {
    static final String ACCESS = "redoubt.access";

    /// Called by Logback's service lookup.
    public LogSetup() {}

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        PatternLayoutEncoder people = new PatternLayoutEncoder();
        people.setPattern("%d{HH:mm:ss.SSS} %-5level %logger{0}: %msg%n%nopex");
        PatternLayoutEncoder json = new PatternLayoutEncoder();
        json.setPattern("%msg%n"); // the edge writes the JSON itself

        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender(context, "people", people));
        context.getLogger("dev.redoubt").setLevel(Level.INFO);
        Logger access = context.getLogger(ACCESS);
        access.setAdditive(false);
        access.setLevel(Level.INFO);
        access.addAppender(appender(context, "access", json));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static ConsoleAppender<ILoggingEvent> appender(
            LoggerContext context, String name, Encoder<ILoggingEvent> encoder) {
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setName(name);
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        return appender;
    }
}

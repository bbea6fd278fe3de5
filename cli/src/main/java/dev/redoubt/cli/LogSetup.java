package dev.redoubt.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.Layout;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// Logging: lines for people on stderr, the access log's JSON lines beside them. stdout belongs to results.
public final class LogSetup extends ContextAwareBase implements Configurator {
    static final String ACCESS = "redoubt.access";

    /// Called by Logback's service lookup.
    public LogSetup() {}

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender(context, "people", new ForPeople()));
        context.getLogger("dev.redoubt").setLevel(Level.INFO);
        Logger access = context.getLogger(ACCESS);
        access.setAdditive(false);
        access.setLevel(Level.INFO);
        access.addAppender(appender(context, "access", new AsTheyAre()));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static ConsoleAppender<ILoggingEvent> appender(
            LoggerContext context, String name, Layout<ILoggingEvent> layout) {
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setLayout(layout);
        encoder.setCharset(StandardCharsets.UTF_8);
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

    /* Not patterns: Logback's class for them makes a factory for each of 68 words that a pattern may have, a twentieth of a start. */

    /// Time of day, level, class, message; never a stack trace, which may hold what no log may.
    private static final class ForPeople extends LayoutBase<ILoggingEvent> {
        private final DateTimeFormatter time = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);
        private final ZoneId zone = ZoneId.systemDefault();

        @Override
        public String doLayout(ILoggingEvent event) {
            String logger = event.getLoggerName();
            return time.format(event.getInstant().atZone(zone)) + " " + padded(event.getLevel()) + " "
                    + logger.substring(logger.lastIndexOf('.') + 1) + ": " + event.getFormattedMessage()
                    + System.lineSeparator();
        }
    }

    /// Five characters, as the longest has.
    private static String padded(Level level) {
        String name = level.toString();
        return name.length() < 5 ? name + " " : name;
    }

    /// The edge writes the JSON itself.
    private static final class AsTheyAre extends LayoutBase<ILoggingEvent> {
        @Override
        public String doLayout(ILoggingEvent event) {
            return event.getFormattedMessage() + System.lineSeparator();
        }
    }
}

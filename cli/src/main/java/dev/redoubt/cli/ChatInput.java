package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// Where a chat's lines come from: a terminal with history and editing, or whatever stdin is.
interface ChatInput extends AutoCloseable {
    /// What was entered; a backslash at the end of a line continues it on the next.
    sealed interface Entry {
        record Line(String text) implements Entry {}

        /// Ctrl-C while typing.
        record Interrupted() implements Entry {}

        /// Ctrl-D, or the end of a pipe.
        record End() implements Entry {}
    }

    Entry next() throws IOException;

    /// Runs `action` at Ctrl-C while an answer is written; without one Ctrl-C does nothing.
    void onInterrupt(Optional<Runnable> action);

    @Override
    void close() throws IOException;

    static ChatInput open(Context context) throws IOException {
        return context.console().interactive() ? new AtTerminal(context) : new Piped();
    }

    /// JLine: editing, history in a file that only its owner may read, Alt-Enter for a new line.
    final class AtTerminal implements ChatInput {
        private static final String CONTINUED = "\\\n";

        private final Terminal terminal;
        private final LineReader reader;

        private AtTerminal(Context context) throws IOException {
            Path history = context.home().root().resolve("chat-history");
            if (!history.toFile().exists()) DurableFiles.replace(history, new byte[0]);
            this.terminal = TerminalBuilder.builder().system(true).dumb(true).build();
            onInterrupt(Optional.empty()); // between two lines too: Ctrl-C never ends a chat
            this.reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .parser(new ContinuationParser())
                    .variable(LineReader.HISTORY_FILE, history)
                    .variable(LineReader.HISTORY_SIZE, 1000)
                    .variable(LineReader.SECONDARY_PROMPT_PATTERN, "… ")
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .build();
            reader.getWidgets().put("new-line", () -> {
                reader.getBuffer().write("\n");
                return true;
            });
            KeyMap<Binding> keys = Objects.requireNonNull(reader.getKeyMaps().get(LineReader.MAIN));
            keys.bind(new Reference("new-line"), KeyMap.alt('\r'), KeyMap.alt('\n'));
        }

        @Override
        public Entry next() {
            try {
                return new Entry.Line(reader.readLine("> ").replace(CONTINUED, "\n"));
            } catch (UserInterruptException e) {
                return new Entry.Interrupted();
            } catch (EndOfFileException e) {
                return new Entry.End();
            }
        }

        @Override
        public void onInterrupt(Optional<Runnable> action) {
            terminal.handle(
                    Terminal.Signal.INT,
                    action.<Terminal.SignalHandler>map(run -> _ -> run.run()).orElse(Terminal.SignalHandler.SIG_IGN));
        }

        @Override
        public void close() throws IOException {
            reader.getHistory().save();
            terminal.close();
        }
    }

    /// A pipe or a file: lines as they come, no prompt, no history.
    final class Piped implements ChatInput {
        private final BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

        private Piped() {}

        @Override
        public Entry next() throws IOException {
            StringBuilder text = new StringBuilder();
            while (true) {
                String line = lines.readLine();
                if (line == null) return text.isEmpty() ? new Entry.End() : new Entry.Line(text.toString());
                if (!line.endsWith("\\"))
                    return new Entry.Line(text.append(line).toString());
                text.append(line, 0, line.length() - 1).append('\n');
            }
        }

        @Override
        public void onInterrupt(Optional<Runnable> action) {}

        @Override
        public void close() {}
    }

    /// Words mean nothing here; only a backslash at the end does.
    final class ContinuationParser implements Parser {
        @Override
        public ParsedLine parse(String line, int cursor, ParseContext context) {
            if (context == ParseContext.ACCEPT_LINE && line.endsWith("\\")) throw new EOFError(-1, -1, "continued");
            return new WholeLine(line, cursor);
        }

        @Override
        public boolean isEscapeChar(char ch) {
            return false;
        }
    }

    /// A line that is one word.
    record WholeLine(String line, int cursor) implements CompletingParsedLine {
        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return cursor;
        }

        @Override
        public int rawWordLength() {
            return line.length();
        }

        @Override
        public String word() {
            return line;
        }

        @Override
        public int wordCursor() {
            return cursor;
        }

        @Override
        public int wordIndex() {
            return 0;
        }

        @Override
        public List<String> words() {
            return List.of(line);
        }
    }
}

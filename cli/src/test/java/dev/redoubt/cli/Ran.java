package dev.redoubt.cli;

import dev.redoubt.base.Home;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// What one command did.
record Ran(int exitCode, String out, String err) {
    static Ran command(Path home, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Context context = new Context(new Home(home.toAbsolutePath()), Console.of(out, err));
        int code = Main.execute(context, args);
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}

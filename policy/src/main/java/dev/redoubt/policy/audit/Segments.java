package dev.redoubt.policy.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The files that a log is made of, each named by the sequence number of its first record.
final class Segments {
    private static final Pattern NAME = Pattern.compile("([0-9]{18})\\.jsonl");

    private Segments() {}

    static Path file(Path folder, long first) {
        return folder.resolve("%018d.jsonl".formatted(first));
    }

    /// The first sequence numbers of those that are there, in order.
    static List<Long> list(Path folder) throws IOException {
        List<Long> firsts = new ArrayList<>();
        if (Files.isDirectory(folder))
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
                    if (name.matches()) firsts.add(Long.parseLong(name.group(1)));
                }
            }
        firsts.sort(null);
        return firsts;
    }
}

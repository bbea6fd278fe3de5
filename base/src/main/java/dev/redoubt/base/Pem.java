package dev.redoubt.base;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The blocks of a PEM text (RFC 7468).
public final class Pem {
    public static final String PUBLIC_KEY = "PUBLIC KEY";
    public static final String PRIVATE_KEY = "PRIVATE KEY";
    public static final String CERTIFICATE = "CERTIFICATE";

    private static final int BYTES_MAX = 64 << 10;
    private static final int BLOCKS_MAX = 16;
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

    /// @param label such as `PUBLIC KEY`
    /// @param der what the text encodes
    public record Block(String label, byte[] der) {}

    private Pem() {}

    /// @param what the text, as messages name it
    /// @return one block or more, in order
    /// @throws IllegalArgumentException if there is none, too much, or a block is not base64
    public static List<Block> parse(byte[] text, String what) {
        if (text.length > BYTES_MAX)
            throw refused("%s has %d bytes, limit is %d: it is no PEM file", what, text.length, BYTES_MAX);
        Matcher matcher = BLOCK.matcher(new String(text, StandardCharsets.ISO_8859_1));
        var blocks = new ArrayList<Block>();
        while (matcher.find()) {
            if (blocks.size() == BLOCKS_MAX) throw refused("%s has over %d PEM blocks", what, BLOCKS_MAX);
            try {
                byte[] der = Base64.getDecoder().decode(matcher.group(2).replaceAll("\\s", ""));
                blocks.add(new Block(matcher.group(1), der));
            } catch (IllegalArgumentException e) {
                throw refused("%s has a PEM block that is not base64: get the file again", what);
            }
        }
        if (blocks.isEmpty())
            throw refused("%s has no PEM block, it must begin with '-----BEGIN …': name another file", what);
        return blocks;
    }

    /// The text of one block, as OpenSSL writes it.
    public static String format(String label, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }

    private static IllegalArgumentException refused(String template, Object... arguments) {
        return new IllegalArgumentException(template.formatted(arguments));
    }
}

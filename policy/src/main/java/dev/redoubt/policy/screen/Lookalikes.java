package dev.redoubt.policy.screen;

/// Letters that look like a Latin one and have no decomposition that says so. What Unicode's own compatibility
/// decomposition folds (full-width, mathematical, circled and superscript letters, accents) is not here.
final class Lookalikes {
    /* Each entry is the letter it is taken for, then those that look like it, in lower case. Cyrillic, Greek, Armenian, Cherokee,
     * phonetic and small-capital letters, and digits that stand for letters. `l`, `1` and `i` are one: whoever writes one for the
     * other writes them all. */
    private static final String[] TABLE = {
        "aаαɑᴀꭺ4@",
        "bвьβƅʙɓ",
        "cсϲᴄꮯҁҫ",
        "dԁɗᴅđꭰ",
        "eеεҽᴇ℮ꭼє3",
        "fƒꜰք",
        "gɡցƍɢ",
        "hһհнħʜꮋ",
        "iіιıɪӏʟɩłɭɩꮮꙇl1",
        "jјϳᴊյꭻ",
        "kкκᴋҟꮶ",
        "mмμᴍꮇ",
        "nոηпɴռ",
        "oоοσօᴏөø0",
        "pрρᴘꮲ",
        "qԛգզ",
        "rгʀᴦꮁꮢ",
        "sѕʂꜱꮪ5$",
        "tтτᴛŧꭲ7",
        "uսυᴜʋ",
        "vνѵᴠꮩ",
        "wԝωѡᴡшꮃ",
        "xхχҳ",
        "yуγүʏ",
        "zζᴢʐꮓ",
    };

    /// Capitals that look like a Latin letter while their small form looks like another one or none.
    private static final String CAPITALS = "ΗΝΥ";

    private static final String LOOK_LIKE = "hny";

    private static final String COLONS = "∶ː꞉׃܃։";

    /// Runs of 26 letters that are drawn as pictures: negative circled, negative squared, regional indicators.
    private static final int[] ALPHABETS = {0x1F150, 0x1F170, 0x1F1E6};

    private static final char[] FOLDED = folded(); // by small letter; 0: as it is

    private Lookalikes() {}

    private static char[] folded() {
        char[] folded = new char[1 << 16];
        for (String row : TABLE) for (char alike : row.toCharArray()) folded[alike] = row.charAt(0);
        return folded;
    }

    /// The Latin letter that one is taken for, else itself; in lower case.
    static char letter(char c) {
        int capital = CAPITALS.indexOf(c);
        if (capital >= 0) return LOOK_LIKE.charAt(capital);
        char small = small(c);
        return FOLDED[small] == 0 ? small : FOLDED[small];
    }

    /// Whether it looks like a Latin letter that it is not, by this table.
    static boolean known(int codePoint) {
        if (codePoint > Character.MAX_VALUE) return false;
        char c = (char) codePoint;
        return CAPITALS.indexOf(c) >= 0 || FOLDED[small(c)] != 0;
    }

    private static char small(char c) {
        return Character.toLowerCase(Character.toUpperCase(c));
    }

    static boolean colon(char c) {
        return c == ':' || COLONS.indexOf(c) >= 0;
    }

    /// What a code point beyond the basic plane is read as, in ASCII; 0: as nothing of that kind.
    static char ascii(int codePoint) {
        if (codePoint > 0xE0000 && codePoint < 0xE007F)
            return (char) (codePoint - 0xE0000); // tags: unseen by people only
        for (int first : ALPHABETS)
            if (codePoint >= first && codePoint < first + 26) return (char) ('a' + codePoint - first);
        return 0;
    }
}

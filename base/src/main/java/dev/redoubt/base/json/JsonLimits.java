package dev.redoubt.base.json;

import dev.redoubt.base.Check;

/// Bounds of one JSON text.
///
/// @param bytesMax size of the text
/// @param depthMax nesting of objects and arrays
/// @param tokensMax JSON tokens in all: braces, names and values
/// @param stringLengthMax characters of one string
/// @param nameLengthMax characters of one field name
/// @param numberLengthMax characters of one number
public record JsonLimits(
        long bytesMax, int depthMax, long tokensMax, int stringLengthMax, int nameLengthMax, int numberLengthMax) {
    /// A request body: RULES R1.4 and R3.2.
    public static final JsonLimits REQUEST = new JsonLimits(10_000_000, 10, 200_000, 10_000_000, 256, 64);

    /// A file that comes with a model, such as `config.json`.
    public static final JsonLimits MODEL_FILE = new JsonLimits(64 << 20, 32, 16_000_000, 4 << 20, 8_192, 128);

    public JsonLimits {
        Check.positive("bytesMax", bytesMax);
        Check.positive("depthMax", depthMax);
        Check.positive("tokensMax", tokensMax);
        Check.positive("stringLengthMax", stringLengthMax);
        Check.positive("nameLengthMax", nameLengthMax);
        Check.positive("numberLengthMax", numberLengthMax);
    }
}

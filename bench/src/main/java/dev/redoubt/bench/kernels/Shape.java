package dev.redoubt.bench.kernels;

import dev.redoubt.kernels.WeightFormat;

/// A product: `rows` rows of `inputs` values each against `outputs` rows of weights.
record Shape(int rows, int outputs, int inputs) {
    /// @param text such as `16x1536x576`
    static Shape parse(String text) {
        String[] numbers = text.split("x", -1);
        return new Shape(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]), Integer.parseInt(numbers[2]));
    }

    double multiplyAdds() {
        return (double) rows * outputs * inputs;
    }

    /// Of the weights, as the file has them.
    long bytes(WeightFormat format) {
        return format.bytes(outputs, inputs);
    }
}

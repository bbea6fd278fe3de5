package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Shape;
import dev.redoubt.serve.schema.Tensor;
import java.util.List;

/// Reads a picture of a digit by two TorchScript models: one scales its pixels, one classifies.
@Deployment(name = "Digits", maxOngoingRequests = 8, cpus = 0.5, memoryMiB = 160)
public final class Digits implements Handler<Digits.Picture, Digits.Answer> {
    private static final int PIXELS = 64;

    /// @param pixels 64 of them, row by row, 0 to 16
    public record Picture(List<Float> pixels) {
        public Picture {
            if (pixels.size() != PIXELS) throw new IllegalArgumentException("64 pixels");
        }
    }

    public record Answer(int digit) {}

    public record Pixels(@Shape(dtype = DType.F32, sizes = {-1, PIXELS}) Tensor pixels) {}

    public record Image(@Shape(dtype = DType.F32, sizes = {-1, 1, 8, 8}) Tensor image) {}

    public record Logits(@Shape(dtype = DType.F32, sizes = {-1, 10}) Tensor logits) {}

    private final DeploymentHandle<Pixels, Image> preprocess;
    private final DeploymentHandle<Image, Logits> classifier;

    public Digits(
            @To("Preprocess") DeploymentHandle<Pixels, Image> preprocess,
            @To("Classifier") DeploymentHandle<Image, Logits> classifier) {
        this.preprocess = preprocess;
        this.classifier = classifier;
    }

    @Override
    public Answer handle(Picture picture) {
        float[] pixels = new float[PIXELS];
        for (int i = 0; i < PIXELS; i++) pixels[i] = picture.pixels().get(i);
        var image = preprocess.call(new Pixels(Tensor.of(List.of(1, PIXELS), pixels)));
        Tensor logits = classifier.call(image).get().logits(); // the image goes on without coming by here
        int best = 0;
        for (int i = 1; i < 10; i++) if (logits.floatAt(i) > logits.floatAt(best)) best = i;
        return new Answer(best);
    }
}

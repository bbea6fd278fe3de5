package examples;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Shape;
import dev.redoubt.serve.schema.Tensor;
import java.util.List;

/// Reads a picture of a digit: scales its pixels, asks the classifier, takes the likeliest.
@Deployment(name = "Digits", maxOngoingRequests = 8, cpus = 0.5, memoryMiB = 160)
public final class Digits implements Handler<Digits.Picture, Digits.Answer> {
    private static final int SIDE = 8;
    private static final float BRIGHTEST = 16;

    /// @param pixels 64 of them, row by row, 0 to 16
    public record Picture(List<Float> pixels) {
        public Picture {
            if (pixels.size() != SIDE * SIDE) throw new IllegalArgumentException("64 pixels");
        }
    }

    public record Answer(int digit, List<Float> logits) {}

    public record Image(@Shape(dtype = DType.F32, sizes = {-1, 1, SIDE, SIDE}) Tensor image) {}

    public record Logits(@Shape(dtype = DType.F32, sizes = {-1, 10}) Tensor logits) {}

    private final DeploymentHandle<Image, Logits> classifier;

    public Digits(@To("Classifier") DeploymentHandle<Image, Logits> classifier) {
        this.classifier = classifier;
    }

    @Override
    public Answer handle(Picture picture) {
        float[] scaled = new float[SIDE * SIDE];
        for (int i = 0; i < scaled.length; i++) scaled[i] = picture.pixels().get(i) / BRIGHTEST;
        Tensor logits = classifier.call(new Image(Tensor.of(List.of(1, 1, SIDE, SIDE), scaled))).get().logits();
        int best = 0;
        for (int i = 1; i < 10; i++) if (logits.floatAt(i) > logits.floatAt(best)) best = i;
        Float[] all = new Float[10];
        for (int i = 0; i < all.length; i++) all[i] = logits.floatAt(i);
        return new Answer(best, List.of(all));
    }
}

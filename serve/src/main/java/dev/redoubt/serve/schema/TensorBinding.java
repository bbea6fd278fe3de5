package dev.redoubt.serve.schema;

import tools.jackson.databind.JsonNode;

/// A [Tensor] with its [Shape].
final class TensorBinding extends Binding {
    private final Schema.Box box;

    TensorBinding(Schema.Box box) {
        super(Tensor.class, box);
        this.box = box;
    }

    @Override
    Object read(JsonNode node, FieldPath at) {
        return Tensor.read(box, node);
    }

    @Override
    public JsonNode write(Object value) {
        return ((Tensor) value).node();
    }

    @Override
    void verify(Object value, FieldPath at) {
        if (!(value instanceof Tensor tensor)) throw new BrokenValue(at, "is null or of another class");
        if (!tensor.fits(box)) throw new BrokenValue(at, "is a tensor " + tensor + ", it must be " + box);
        if (!ImageLimit.fits(tensor))
            throw new BrokenValue(at, "is an image of more than " + ImageLimit.BYTES_MAX + " bytes");
        if (!tensor.finite()) throw new BrokenValue(at, "has an element that is not finite");
    }
}

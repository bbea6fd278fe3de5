package dev.redoubt.serve.worker;

/// What a frame is for; its body stands in the package's description.
enum FrameType {
    HELLO(1),
    INTERFACE(2),
    READY(3),
    REFUSED(4),
    CALL(16),
    ITEM(17),
    COMPLETED(18),
    FAILED(19),
    CANCEL(20),
    CREDIT(21),
    RECONFIGURE(32),
    HEALTH(33),
    DONE(34),
    BYE(48);

    private static final FrameType[] BY_NUMBER = new FrameType[49];

    static {
        for (FrameType type : values()) BY_NUMBER[type.number] = type;
    }

    private final int number;

    FrameType(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    static FrameType of(int number) throws BadFrame {
        FrameType type = number < BY_NUMBER.length ? BY_NUMBER[number] : null;
        if (type == null) throw new BadFrame("no frame is of type " + number);
        return type;
    }
}

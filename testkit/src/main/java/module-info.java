/// What tests of several modules share: manual time, seeded choices, small models, the house rules that can be
/// checked.
module dev.redoubt.testkit {
    requires static org.jspecify;
    requires transitive dev.redoubt.base;
    requires org.junit.jupiter.api;
    requires org.assertj.core;

    exports dev.redoubt.testkit;
}

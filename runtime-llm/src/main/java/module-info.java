/// Language models as deployments: an engine of a deployment's own, or a share of the server's. Joins `serve` and
/// `engine`, which do not know each other.
module dev.redoubt.runtime.llm {
    requires static org.jspecify;
    requires transitive dev.redoubt.serve; // ServantFactory, Servant
    requires transitive dev.redoubt.engine; // Engine, EngineOptions
    requires dev.redoubt.trust;
    requires org.slf4j;

    exports dev.redoubt.runtime.llm;
}

/// Who may do what: principals, keys and their scopes, and how much of it.
module dev.redoubt.policy {
    requires static org.jspecify;
    requires transitive dev.redoubt.base;
    requires java.sql;
    // The driver, found by java.sql through its service entry; we say where its library is unpacked.
    requires org.xerial.sqlitejdbc;

    exports dev.redoubt.policy;
    exports dev.redoubt.policy.audit;
    exports dev.redoubt.policy.limit;
    exports dev.redoubt.policy.screen;
}

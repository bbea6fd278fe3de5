package dev.redoubt.cli;

import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.FilterInfo;
import java.io.ObjectInputFilter.Status;
import java.util.List;

/// Java serialization is off (R3.1): a filter of the whole JVM that lets no class pass.
final class SerialFilter {
    /// What the launcher sets as `jdk.serialFilter`.
    static final String DENY_ALL = "!*";

    private SerialFilter() {}

    /// Sets the filter where the launcher has not, and tries the one that is in force.
    ///
    /// @throws Refusal if it lets a class pass
    static void require() {
        if (ObjectInputFilter.Config.getSerialFilter() == null)
            ObjectInputFilter.Config.setSerialFilter(ObjectInputFilter.Config.createFilter(DENY_ALL));
        ObjectInputFilter filter = ObjectInputFilter.Config.getSerialFilter();
        String inForce = String.valueOf(filter); // its pattern
        boolean denies = filter != null
                && inForce.equals(DENY_ALL)
                && filter.checkInput(new Asked(String.class)) == Status.REJECTED;
        if (!denies)
            throw new Refusal(List.of(Refusal.line(
                    "R3.1",
                    "jdk.serialFilter:" + inForce.replaceAll("\\s", "_"),
                    DENY_ALL,
                    "leave -Djdk.serialFilter out of REDOUBT_JAVA_OPTIONS")));
    }

    /// The first object of a stream.
    private record Asked(Class<?> serialClass) implements FilterInfo {
        @Override
        public long arrayLength() {
            return -1;
        }

        @Override
        public long depth() {
            return 1;
        }

        @Override
        public long references() {
            return 1;
        }

        @Override
        public long streamBytes() {
            return 0;
        }
    }
}

package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;

/// How many replicas are wanted.
public sealed interface Scale {
    /// The same number always.
    record Fixed(int replicas) implements Scale {
        public Fixed {
            Check.inRange("replicas", replicas, 0, Autoscaling.REPLICAS_MAX);
        }

        @Override
        public int initial() {
            return replicas;
        }
    }

    /// As many as there is work for.
    record Automatic(Autoscaling rules) implements Scale {
        @Override
        public int initial() {
            return rules.replicasInitial();
        }
    }

    /// How many are started at first.
    int initial();
}

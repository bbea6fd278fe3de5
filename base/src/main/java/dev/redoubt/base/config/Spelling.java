package dev.redoubt.base.config;

import java.util.Collection;
import java.util.Optional;

/// The nearest of some names to one that is misspelt.
final class Spelling {
    private Spelling() {}

    /// @return empty if none is near: more than a third of its letters would have to change
    static Optional<String> nearest(String written, Collection<String> names) {
        String best = "";
        int least = Integer.MAX_VALUE;
        for (String name : names) {
            int distance = name.contains(written) && written.length() >= 3 ? 1 : distance(written, name);
            if (distance < least) {
                least = distance;
                best = name;
            }
        }
        return least <= Math.max(1, written.length() / 3) ? Optional.of(best) : Optional.empty();
    }

    /// Insertions, deletions, changes and swaps of neighbours (optimal string alignment).
    private static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) cost[i][0] = i;
        for (int j = 0; j <= b.length(); j++) cost[0][j] = j;
        for (int i = 1; i <= a.length(); i++)
            for (int j = 1; j <= b.length(); j++) {
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                cost[i][j] = Math.min(Math.min(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + change);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        return cost[a.length()][b.length()];
    }
}

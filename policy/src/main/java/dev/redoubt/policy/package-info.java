/// Who may do what. Read [dev.redoubt.policy.KeyStore] first. Knows nothing of HTTP or models.
@NullMarked
package dev.redoubt.policy;

import org.jspecify.annotations.NullMarked;

/// What values a deployment takes and gives, and how they come in and go out.
@NullMarked
package dev.redoubt.serve.schema;

import org.jspecify.annotations.NullMarked;

/// What language models are asked and answer as deployments. A handler that calls one is written against these
/// records, or against its own of the same form.
@NullMarked
package dev.redoubt.serve.language;

import org.jspecify.annotations.NullMarked;

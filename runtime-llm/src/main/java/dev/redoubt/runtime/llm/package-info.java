/// Runs language models as deployments. Read [dev.redoubt.runtime.llm.LlmRuntime] first.
@NullMarked
package dev.redoubt.runtime.llm;

import org.jspecify.annotations.NullMarked;

/// Low-rank adapters (LoRA, Hu et al., arXiv 2106.09685) as PEFT writes them: read and checked against the
/// layers of their base, added to its products row by row. Read [AdapterPlan] first, then [LowRankUpdates].
/// Knows no family of models: which layers there are is told.
@NullMarked
package dev.redoubt.engine.lora;

import org.jspecify.annotations.NullMarked;

/**
 * LoRA adapters as PEFT saves them, merged into a checkpoint on the way: {@code W + scale · B · A},
 * some rows at a time, with the numbers that PEFT's {@code merge_and_unload} leaves. Read {@link
 * phiquant.checkpoint.lora.Lora} first, then {@code WeightChange}, which is what an adapter does to
 * a tensor, and {@code AdaptedRows}, which says to which.
 */
package phiquant.checkpoint.lora;

/**
 * What phiquant writes and reads for others. {@link phiquant.engine.Engine} lists the engines, each
 * of which has a room here for what reads its files, what writes them, its names and its recipe;
 * {@link phiquant.engine.Checkpoints} opens any file or folder. An engine answers with an {@link
 * phiquant.engine.ArtifactPlan}: all files, tensors and offsets, before a weight is read.
 */
package phiquant.engine;

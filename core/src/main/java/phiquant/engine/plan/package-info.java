/**
 * What all engines share: a {@link phiquant.engine.plan.Target} answers with an {@link
 * phiquant.engine.plan.ArtifactPlan}, which has all files, tensors and offsets before a weight is
 * read; {@link phiquant.engine.plan.Record} adds {@code phiquant.json}. Knows no engine.
 */
package phiquant.engine.plan;

package phiquant.engine.plan;

/**
 * Where one part of a planned tensor (its blocks, its scales) lies.
 *
 * @param file index into {@link ArtifactPlan#files()}
 * @param offset of the tensor's first byte in that file
 * @param groupBytes bytes for every {@link RowEncoder#rowMultiple()} rows
 */
public record Part(int file, long offset, long groupBytes) {}

package phiquant.engine.plan;

import java.util.List;
import phiquant.checkpoint.StoredTensor;

/**
 * One tensor of an artifact, before anything is encoded.
 *
 * @param name in the artifact
 * @param format of its numbers, as the engine names it
 * @param shape as the engine counts, outermost first
 * @param bytes of all parts together
 * @param source where its rows come from. Several planned tensors may share one, or rows of it: of
 *     a slice or a stack, rows are read where they are stored, once for all.
 * @param transposed whether the encoder gets the columns of {@code source} as its rows
 * @param encoder from floats to bytes
 * @param parts where the bytes go
 */
public record PlannedTensor(
    String name,
    String format,
    List<Long> shape,
    long bytes,
    StoredTensor source,
    boolean transposed,
    RowEncoder encoder,
    List<Part> parts) {}

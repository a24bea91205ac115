package phiquant.pipeline.feedback;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.IntConsumer;
import phiquant.checkpoint.StoredTensor;
import phiquant.feedback.Moments;
import phiquant.feedback.ParallelFor;
import phiquant.feedback.Strips;
import phiquant.model.Linear;
import phiquant.run.TextReader;

/**
 * What the text becomes in the model itself: after each addition the stream, which rounded layers
 * aim at, and the moments of what comes before the head, for a head that is rounded first.
 */
final class Originals implements TextReader {
  private final Scratch scratch;
  private final Text text;
  private final boolean tied;
  private final ParallelFor crew;
  private final IntConsumer progress;
  private MemorySegment[] streams = new MemorySegment[0];
  private int additions;
  private Optional<Moments> head = Optional.empty();

  /**
   * Of a text.
   *
   * @param sequences how many
   * @param length tokens of each
   */
  record Text(int sequences, int length) {}

  /**
   * Nothing yet.
   *
   * @param tied whether the head is the embedding, and must be rounded before all else
   * @param progress told which layer has been passed
   */
  Originals(Scratch scratch, Text text, boolean tied, ParallelFor crew, IntConsumer progress) {
    this.scratch = scratch;
    this.text = text;
    this.tied = tied;
    this.crew = crew;
    this.progress = progress;
  }

  @Override
  public StoredTensor matrix(Linear linear, Features inputs, Optional<Features> stream) {
    return linear.matrix();
  }

  @Override
  public void added(int sequence, float[] stream) {
    long bytes = 4L * stream.length;
    if (sequence == 0) {
      streams = Arrays.copyOf(streams, additions + 1);
      streams[additions] = scratch.allocate(bytes * text.sequences());
    }
    MemorySegment.copy(stream, 0, streams[additions], JAVA_FLOAT, bytes * sequence, stream.length);
    if (sequence == text.sequences() - 1) {
      additions++;
    }
  }

  @Override
  public void passed(int layer) {
    progress.accept(layer);
  }

  @Override
  public void head(Linear linear, Features inputs) {
    if (tied) {
      Moments moments = Moments.of(inputs.size());
      Strips x = new Strips(text.length(), inputs.size());
      for (int s = 0; s < text.sequences(); s++) {
        x.fill(inputs.of(s), inputs.size(), crew);
        moments.add(x, crew);
      }
      head = Optional.of(moments);
    }
  }

  /** Those of what comes before a tied head. */
  Optional<Moments> head() {
    return head;
  }

  /** The stream of a sequence after an addition, counted from 0. */
  void stream(int addition, int sequence, float[] out) {
    MemorySegment.copy(
        streams[addition], JAVA_FLOAT, 4L * out.length * sequence, out, 0, out.length);
  }
}

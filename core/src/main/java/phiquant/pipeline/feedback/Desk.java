package phiquant.pipeline.feedback;

import java.util.Optional;
import phiquant.feedback.Hessian;
import phiquant.feedback.Moments;
import phiquant.feedback.ParallelFor;
import phiquant.feedback.Strips;
import phiquant.pipeline.feedback.Originals.Text;
import phiquant.run.TextReader.Features;

/**
 * Where the inputs of matrices of one width are looked at, one matrix after the other, in the same
 * memory: a wide one's moments take hundreds of megabytes, and a garbage collector that has room
 * leaves those of many layers lie.
 */
final class Desk {
  private final Text text;
  private final Strips inputs;
  private final Moments moments;
  private final Hessian.Room room;
  private Optional<Output> output = Optional.empty();

  /** Of matrices with so many columns. */
  Desk(Text text, int columns) {
    this.text = text;
    this.inputs = new Strips(text.length(), columns);
    this.moments = Moments.of(columns);
    this.room = Hessian.Room.of(columns);
  }

  /** What products should come out as: how much of it inputs have in common with it. */
  private record Output(Strips wanted, float[] rows, Moments common) {}

  /** What each sequence's products should be. */
  interface Wanted {
    /**
     * Those of one sequence.
     *
     * @param out receives them, shape {@code [tokens, size]}
     */
    void of(int sequence, float[] out);
  }

  /** Takes all inputs. */
  Hessian hessian(Features x, ParallelFor crew) {
    moments.clear();
    for (int s = 0; s < text.sequences(); s++) {
      inputs.fill(x.of(s), x.size(), crew);
      moments.add(inputs, crew);
    }
    return Hessian.of(moments, room, crew);
  }

  /**
   * Takes all inputs, and what should come out for them.
   *
   * @param size of what should come out for a token
   */
  Moments common(Features x, int size, Wanted wanted, ParallelFor crew) {
    Output out =
        output
            .filter(known -> known.rows.length == text.length() * size)
            .orElseGet(() -> output(x.size(), size));
    output = Optional.of(out);
    out.common.clear();
    for (int s = 0; s < text.sequences(); s++) {
      inputs.fill(x.of(s), x.size(), crew);
      wanted.of(s, out.rows);
      out.wanted.fill(out.rows, size, crew);
      out.common.add(inputs, out.wanted, crew);
    }
    return out.common;
  }

  private Output output(int columns, int size) {
    return new Output(
        new Strips(text.length(), size),
        new float[Math.multiplyExact(text.length(), size)],
        Moments.of(columns, size));
  }
}

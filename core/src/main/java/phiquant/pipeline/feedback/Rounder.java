package phiquant.pipeline.feedback;

import static phiquant.feedback.Strips.WIDTH;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import phiquant.checkpoint.StoredTensor;
import phiquant.feedback.Aim;
import phiquant.feedback.Feedback;
import phiquant.feedback.Hessian;
import phiquant.feedback.ParallelFor;
import phiquant.model.Linear;
import phiquant.model.Weight;
import phiquant.pipeline.feedback.Originals.Text;
import phiquant.quant.grid.GridFormat;
import phiquant.run.TextReader;

/**
 * Rounds one target's matrices as the text comes to them: the inputs are those of layers that are
 * rounded already, and a product that is added to the stream aims at what the stream is in the
 * model itself.
 */
final class Rounder implements TextReader, AutoCloseable {
  private final Originals originals;
  private final Text text;
  private final int[][] sequences;
  private final List<RoundedTensor> tensors;
  private final boolean table;
  private final ParallelFor crew;
  private final IntConsumer progress;
  private final Map<Integer, Desk> desks = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private Arena arena = Arena.ofShared();
  private int additions;
  private int silent;
  private int damped;

  /**
   * Nothing is rounded yet.
   *
   * @param table whether tokens are looked up in a rounded tensor
   */
  Rounder(
      Originals originals,
      int[][] sequences,
      List<RoundedTensor> tensors,
      boolean table,
      ParallelFor crew,
      IntConsumer progress) {
    this.originals = originals;
    this.sequences = sequences;
    this.text = new Text(sequences.length, sequences[0].length);
    this.tensors = tensors;
    this.table = table;
    this.crew = crew;
    this.progress = progress;
  }

  /** Rows of a planned tensor that are rows of the matrix at hand. */
  private record Job(RoundedTensor tensor, long planned, long row, long count) {}

  private List<Job> jobs(StoredTensor matrix) {
    List<Job> jobs = new ArrayList<>();
    for (SourceRows own : SourceRows.of(matrix)) {
      for (RoundedTensor tensor : tensors) {
        for (SourceRows rows : SourceRows.of(tensor.planned().source())) {
          long from = Math.max(own.first(), rows.first());
          long to = Math.min(own.first() + own.count(), rows.first() + rows.count());
          if (rows.source().name().equals(own.source().name()) && from < to) {
            long planned = rows.at() + from - rows.first();
            jobs.add(new Job(tensor, planned, own.at() + from - own.first(), to - from));
          }
        }
      }
    }
    return jobs;
  }

  @Override
  public StoredTensor table(Weight embedding) {
    List<Job> jobs = jobs(embedding.tensor());
    if (originals.head().isEmpty() || jobs.isEmpty()) {
      return embedding.tensor();
    }
    Map<Long, float[]> kept = new ConcurrentHashMap<>();
    for (int[] sequence : sequences) {
      for (int token : sequence) {
        kept.put((long) token, new float[0]);
      }
    }
    int columns = Math.toIntExact(embedding.tensor().columns());
    Hessian hessian = seen(Hessian.of(originals.head().get(), crew));
    for (Job job : jobs) {
      round(
          embedding.tensor(),
          job,
          hessian,
          Optional.empty(),
          (first, count, rows) -> {
            for (int r = 0; r < count; r++) {
              int at = r * columns;
              kept.computeIfPresent(
                  first + r, (row, unused) -> Arrays.copyOfRange(rows, at, at + columns));
            }
          });
    }
    return table ? new SomeRows(embedding.tensor(), kept) : embedding.tensor();
  }

  @Override
  public StoredTensor matrix(Linear linear, Features inputs, Optional<Features> stream) {
    StoredTensor matrix = linear.matrix();
    List<Job> jobs = jobs(matrix);
    if (jobs.isEmpty()) {
      return matrix;
    }
    Desk desk = desk(inputs.size());
    Hessian hessian = seen(desk.hessian(inputs, crew));
    Optional<Aim> aim =
        stream.map(
            sum ->
                new Aim(
                    desk.common(inputs, sum.size(), (s, out) -> missing(sum, s, out), crew),
                    Aim.SHARE));
    FloatRows rounded =
        new FloatRows(matrix.name(), matrix.shape(), arena.allocate(4 * matrix.elements(), 64));
    if (jobs.stream().mapToLong(Job::count).sum() < matrix.rows()) {
      rounded.fill(matrix); // Not all of it is on grids.
    }
    for (Job job : jobs) {
      round(matrix, job, hessian, aim, (first, count, rows) -> rounded.put(first, count, rows));
    }
    return rounded;
  }

  private Desk desk(int columns) {
    return desks.computeIfAbsent(columns, some -> new Desk(text, some));
  }

  /** What the stream lacks of what it is in the model itself, after the addition to come. */
  private void missing(Features stream, int sequence, float[] out) {
    originals.stream(additions, sequence, out);
    float[] now = stream.of(sequence);
    for (int i = 0; i < out.length; i++) {
      out[i] -= now[i];
    }
  }

  /** Counts what a person should know of it. */
  private Hessian seen(Hessian hessian) {
    for (float square : hessian.squares()) {
      silent += square > 0 ? 0 : 1;
    }
    damped += hessian.isUsual() ? 0 : 1;
    return hessian;
  }

  @FunctionalInterface
  private interface RowsSink {
    void accept(long first, int count, float[] rows);
  }

  private void round(
      StoredTensor matrix, Job job, Hessian hessian, Optional<Aim> aim, RowsSink sink) {
    Feedback feedback = new Feedback(hessian, job.tensor().format(), aim);
    int columns = Math.toIntExact(matrix.columns());
    crew.run(
        Math.toIntExact(Math.ceilDiv(job.count(), (long) WIDTH)),
        strip -> {
          long done = (long) strip * WIDTH;
          int count = (int) Math.min(WIDTH, job.count() - done);
          float[] rows = new float[count * columns];
          matrix.read(job.row() + done, count, rows, 0);
          GridFormat.Rows found = feedback.round(rows, count, Math.toIntExact(job.row() + done));
          job.tensor().write(found, job.planned() + done);
          sink.accept(job.row() + done, count, rows);
        });
  }

  @Override
  public void added(int sequence, float[] stream) {
    additions += sequence == text.sequences() - 1 ? 1 : 0;
  }

  @Override
  public void passed(int layer) {
    arena.close();
    arena = Arena.ofShared();
    progress.accept(layer);
  }

  @Override
  public void head(Linear head, Features inputs) {
    List<Job> jobs = jobs(head.matrix());
    if (originals.head().isEmpty() && !jobs.isEmpty()) {
      Hessian hessian = seen(desk(inputs.size()).hessian(inputs, crew));
      for (Job job : jobs) {
        round(head.matrix(), job, hessian, Optional.empty(), (first, count, rows) -> {});
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }

  /** What a person should know, a sentence each. */
  List<String> notes() {
    if (silent > 0) {
      notes.add(
          silent
              + " columns had no inputs but zeros on the text: they are rounded to nearest, and no"
              + " other makes up for them.");
    }
    if (damped > 0) {
      notes.add(
          damped + " matrices had inputs so alike that their moments had to be damped by more.");
    }
    return notes;
  }
}

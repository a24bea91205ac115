package phiquant.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointView;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/** Counts at the source: every row of it is read once, however many targets want it. */
class SourceReadsTest {
  private static final List<String> TARGETS =
      List.of("gguf:Q4_K_M", "mlx:4bit", "onnx:int4", "openvino:int4");

  @TempDir Path folder;

  /** How often each row was read. */
  private final Map<String, AtomicIntegerArray> reads = new ConcurrentHashMap<>();

  /** Tells who reads of it. */
  private record Counted(StoredTensor tensor, AtomicIntegerArray counts) implements ChangedTensor {
    @Override
    public void read(long first, int count, float[] out, int at) {
      tensor.read(first, count, out, at);
      for (int i = 0; i < count; i++) {
        counts.incrementAndGet((int) first + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4-mini", "phi-2"})
  void fourTargetsReadEachRowOnceAndADryRunNone(String kind) {
    try (Checkpoint stored = Checkpoints.open(Fixtures.tiny(kind))) {
      Quantize quantize = Quantize.of(counted(stored)).named("model");
      TARGETS.forEach(quantize::to);
      quantize.outline();
      assertThat(counts()).as("read by a dry run").containsOnly(0);
      quantize.into(folder);
      reads.forEach((name, rows) -> assertThat(counts(rows)).as(name).containsOnly(1));
    }
  }

  private Checkpoint counted(Checkpoint stored) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    stored
        .tensors()
        .forEach(
            (name, tensor) -> {
              AtomicIntegerArray rows = new AtomicIntegerArray((int) tensor.rows());
              reads.put(name, rows);
              tensors.put(name, new Counted(tensor, rows));
            });
    return new CheckpointView(stored, stored.config(), tensors, stored.notices());
  }

  private int[] counts() {
    return reads.values().stream().flatMapToInt(rows -> IntStream.of(counts(rows))).toArray();
  }

  private static int[] counts(AtomicIntegerArray rows) {
    return IntStream.range(0, rows.length()).map(rows::get).toArray();
  }
}

package phiquant.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.demo.RandomModel;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

class PassTest {
  /** Gate and up in one matrix or in two, encoded row by row or in pairs of rows. */
  private static final List<String> TARGETS =
      List.of("gguf:Q4_0", "onnx:int4", "openvino:int4,group=row", "mlx:8bit,group=32");

  @TempDir Path folder;

  @Test
  void whatOneEngineSplitsAndAnotherFusesIsReadOnce() throws IOException {
    Path model = folder.resolve("random");
    RandomModel.write(model);
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      assertThat(read(checkpoint, TARGETS, "all")).isEqualTo(bytes(checkpoint.tensors().values()));
    }
    sameAsAlone(model);
  }

  /** Phi-2 keeps query, key and value apart, with their biases. */
  @Test
  void whatIsFusedOfPartsIsReadOnceToo() throws IOException {
    Path model = Fixtures.tiny("phi-2");
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      assertThat(read(checkpoint, TARGETS, "all")).isEqualTo(bytes(checkpoint.tensors().values()));
    }
    sameAsAlone(model);
  }

  private void sameAsAlone(Path model) throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      for (String target : TARGETS) {
        read(checkpoint, List.of(target), "alone");
      }
    }
    try (Stream<Path> all = Files.walk(folder.resolve("all"))) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        Path alone = folder.resolve("alone").resolve(folder.resolve("all").relativize(file));
        assertThat(Files.mismatch(file, alone)).as(file.toString()).isEqualTo(-1);
      }
    }
  }

  /** Makes artifacts and says how many bytes of the source were read for them. */
  private long read(Checkpoint checkpoint, List<String> targets, String out) {
    AtomicLong read = new AtomicLong();
    Progress counter =
        new Progress() {
          @Override
          public void advance(long bytes) {
            read.addAndGet(bytes);
          }
        };
    Quantize quantize = Quantize.of(checkpoint).named("model").progress(counter);
    targets.forEach(quantize::to);
    quantize.into(folder.resolve(out));
    return read.get();
  }

  private static long bytes(Iterable<StoredTensor> tensors) {
    long bytes = 0;
    for (StoredTensor tensor : tensors) {
      bytes += tensor.storedBytes();
    }
    return bytes;
  }
}

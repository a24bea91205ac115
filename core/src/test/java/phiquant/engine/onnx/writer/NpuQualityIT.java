package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.eval.EvaluationText;
import phiquant.fixtures.Fixtures;
import phiquant.tokenizer.Tokenizer;

/**
 * What Qualcomm's simulator predicts of a text, with 16-bit floats and with codes, is no farther
 * from the original than what ONNX Runtime predicts on the CPU with weights of the same bits. The
 * text is not the one that the codes' grids are made on.
 */
@Tag("slow")
class NpuQualityIT {
  private static final int WINDOW = 256;
  private static final String SIZES = ",device=npu,prompt=64,context=256";

  /** Of the CPU's divergence from fp32. */
  private static final double ALLOWED = 1.05;

  @TempDir Path out;

  @Test
  void theSimulatorPredictsAsWellAsTheCpu() {
    List<Path> folders = new ArrayList<>();
    int[] ids;
    try (Checkpoint model = Checkpoints.open(Fixtures.smolPhiMixed());
        Tokenizer tokenizer = Tokenizer.of(model)) {
      ids = Arrays.copyOf(tokenizer.encode(EvaluationText.builtIn().text()), WINDOW);
      for (String format :
          List.of("fp32", "int4", "int4" + SIZES, "int4,activations=static" + SIZES)) {
        Path into = out.resolve("" + folders.size());
        folders.add(Quantize.of(model).to("onnx:" + format).into(into).get(0));
      }
    }
    List<EnginePerplexity.Score> scores = EnginePerplexity.of("npu", ids, WINDOW, folders);
    double cpu = scores.get(1).kl();
    assertThat(cpu).isPositive();
    assertThat(scores.get(2).kl() / cpu).as("floats").isLessThan(ALLOWED);
    assertThat(scores.get(3).kl() / cpu).as("codes").isLessThan(ALLOWED);
  }
}

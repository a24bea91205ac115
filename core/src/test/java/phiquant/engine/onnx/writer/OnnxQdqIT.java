package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.OrtModel;
import phiquant.fixtures.Fixtures;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.tokenizer.Tokenizer;

/** Models of quantize and dequantize operators in plain ONNX Runtime, by its Java API. */
class OnnxQdqIT {
  private static final String TEXT =
      "The river rises in the hills above the town and reaches the sea after ninety miles. In spring"
          + " it floods the meadows; by August children can walk across it.";

  @TempDir Path out;

  /** The same codes and scales, so the same numbers as MatMulNBits on unrounded inputs. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "int4",
        "int4,is_symmetric=false,block_size=64",
        "int8",
        "int8,algo_config=k_quant"
      })
  void turnedBlocksGiveWhatRowsGive(String spec) throws Exception {
    int[] ids = new int[24];
    Arrays.setAll(ids, i -> (7919 * i + 13) % 32064);
    Path plain = make(Fixtures.tinyPhi35Mini(), "onnx:" + spec + ",accuracy_level=1");
    Path turned = make(Fixtures.tinyPhi35Mini(), "onnx:" + spec + ",accuracy_level=1,use_qdq");
    assertThat(operators(turned)).contains("DequantizeLinear").doesNotContain("MatMulNBits");
    float[][] expected = logits(Fixtures.tinyPhi35Mini(), plain, ids);
    float[][] given = logits(Fixtures.tinyPhi35Mini(), turned, ids);
    for (int t = 0; t < ids.length; t++) {
      for (int i = 0; i < expected[t].length; i++) {
        assertThat(given[t][i])
            .isCloseTo(expected[t][i], org.assertj.core.api.Assertions.within(2e-4f));
      }
    }
  }

  /**
   * Rounding weights and inputs, each on its own grid, changes what is likely next only a little.
   */
  @Test
  void staticActivationsStayCloseToTheOriginal() throws Exception {
    Path folder = make(Fixtures.smolPhiWide(), "onnx:int8,activations=static");
    assertThat(operators(folder)).contains("QuantizeLinear", "DequantizeLinear");
    int[] ids;
    float[][] exact;
    try (Checkpoint original = Checkpoints.open(Fixtures.smolPhiWide());
        Tokenizer tokenizer = Tokenizer.of(original);
        LanguageModel model = LanguageModel.of(original, RunOptions.exact())) {
      ids = tokenizer.encode(TEXT);
      exact = new float[ids.length][];
      model.logits(ids, model.cache(64), (index, logits) -> exact[index] = logits.clone());
    }
    float[][] rounded = logits(Fixtures.smolPhiWide(), folder, ids);
    double divergence = 0;
    for (int t = 0; t < ids.length; t++) {
      divergence += divergence(exact[t], rounded[t]) / ids.length;
    }
    assertThat(divergence).isPositive().isLessThan(0.1);
  }

  private static double divergence(float[] exact, float[] other) {
    double[] p = logSoftmax(exact);
    double[] q = logSoftmax(other);
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += Math.exp(p[i]) * (p[i] - q[i]);
    }
    return sum;
  }

  private static double[] logSoftmax(float[] logits) {
    double most = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - most);
    }
    double log = most + Math.log(sum);
    double[] result = new double[logits.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = logits[i] - log;
    }
    return result;
  }

  private static float[][] logits(Path checkpoint, Path folder, int[] ids) throws OrtException {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      var config = phiquant.model.phi.Family.model(source).config();
      try (OrtModel model = new OrtModel(folder, config.kvHeads(), config.headSize(), true)) {
        return model.logits(ids);
      }
    }
  }

  private static Set<String> operators(Path folder) throws IOException {
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
    return model.getGraph().getNodeList().stream()
        .map(NodeProto::getOpType)
        .collect(Collectors.toSet());
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}

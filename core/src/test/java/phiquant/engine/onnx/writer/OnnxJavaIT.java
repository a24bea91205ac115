package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Our graph through ONNX Runtime's Java API, as an application without GenAI would use it. */
class OnnxJavaIT {
  @TempDir Path out;

  /** All tokens but the last, then the last one with the cache: transformers' logits. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4"})
  void decodesWithItsCache(String kind) throws OrtException {
    Path folder;
    try (Checkpoint source = Checkpoints.open(Fixtures.tiny(kind))) {
      folder = Quantize.of(source).to("onnx:fp32").into(out).get(0);
    }
    int headSize = kind.equals("phi-4") ? 128 : 96;
    JsonNode golden = Golden.json("logits-tiny-" + kind);
    int modulus =
        Integer.parseInt(
            golden.path("how").path("ids").asText().replaceAll(".*mod (\\d+).*", "$1"));
    JsonNode prompt = golden.path("prompts").path(0);
    long[] ids = new long[prompt.path("length").asInt()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (7919L * i + 13) % modulus;
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(folder.resolve("model.onnx").toString())) {
      try (OrtSession.Result first =
              run(environment, session, Arrays.copyOf(ids, ids.length - 1), 0, headSize, null);
          OrtSession.Result second =
              run(
                  environment,
                  session,
                  new long[] {ids[ids.length - 1]},
                  ids.length - 1,
                  headSize,
                  first)) {
        float[] logits = ((float[][][]) second.get("logits").orElseThrow().getValue())[0][0];
        for (String list : List.of("last_top5", "last_sample")) {
          for (JsonNode pair : prompt.path(list)) {
            assertThat(logits[pair.path(0).asInt()])
                .isCloseTo((float) pair.path(1).asDouble(), within(1e-3f));
          }
        }
      }
    }
  }

  private static OrtSession.Result run(
      OrtEnvironment environment,
      OrtSession session,
      long[] ids,
      int past,
      int headSize,
      OrtSession.Result before)
      throws OrtException {
    long[] mask = new long[past + ids.length];
    Arrays.fill(mask, 1);
    Map<String, OnnxTensor> inputs = new HashMap<>();
    inputs.put("input_ids", OnnxTensor.createTensor(environment, new long[][] {ids}));
    inputs.put("attention_mask", OnnxTensor.createTensor(environment, new long[][] {mask}));
    for (String name : session.getInputNames()) {
      if (!name.startsWith("past_key_values.")) {
        continue;
      }
      if (before == null) {
        long[] shape =
            ((ai.onnxruntime.TensorInfo) session.getInputInfo().get(name).getInfo()).getShape();
        long[] empty = {1, shape[1], 0, headSize};
        inputs.put(name, OnnxTensor.createTensor(environment, FloatBuffer.allocate(0), empty));
      } else {
        String present = name.replace("past_key_values", "present");
        inputs.put(name, (OnnxTensor) before.get(present).orElseThrow());
      }
    }
    return session.run(inputs);
  }
}

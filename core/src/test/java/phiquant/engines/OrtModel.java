package phiquant.engines;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * One of our ONNX models in plain ONNX Runtime, through its Java API, on the CPU: what a Java
 * program does that has no GenAI.
 */
public final class OrtModel implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final long kvHeads;
  private final long headSize;

  /** Products of dequantized weights are not to round their inputs to int8, unless asked. */
  public OrtModel(Path folder, int kvHeads, int headSize, boolean exact) throws OrtException {
    this.kvHeads = kvHeads;
    this.headSize = headSize;
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setSessionLogLevel(ai.onnxruntime.OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    if (exact) {
      options.addConfigEntry("session.qdq_matmulnbits_accuracy_level", "1");
    }
    session = environment.createSession(folder.resolve("model.onnx").toString(), options);
  }

  /** Logits after every token of one sequence. */
  public float[][] logits(int... ids) throws OrtException {
    long[] shape = {1, ids.length};
    long[] tokens = Arrays.stream(ids).asLongStream().toArray();
    long[] mask = LongStream.generate(() -> 1).limit(ids.length).toArray();
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      inputs.put("input_ids", OnnxTensor.createTensor(environment, LongBuffer.wrap(tokens), shape));
      inputs.put(
          "attention_mask", OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), shape));
      long[] empty = {1, kvHeads, 0, headSize};
      for (NodeInfo input : session.getInputInfo().values()) {
        if (input.getName().startsWith("past") && input.getInfo() instanceof TensorInfo) {
          inputs.put(
              input.getName(),
              OnnxTensor.createTensor(environment, FloatBuffer.allocate(0), empty));
        }
      }
      try (OrtSession.Result result = session.run(inputs, java.util.Set.of("logits"))) {
        return ((float[][][]) result.get(0).getValue())[0];
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}

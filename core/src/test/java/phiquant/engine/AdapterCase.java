package phiquant.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.lora.Lora;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.fixtures.LoraCase;
import phiquant.fixtures.TensorFile;

/**
 * A tiny model in 32 bits for an engine, once with an adapter beside it and once with the adapter
 * merged, where nothing is rounded in between.
 *
 * @param base the checkpoint
 * @param model without the adapter
 * @param adapter beside it
 * @param merged both as one
 */
public record AdapterCase(Path base, Path model, Path adapter, Path merged) {
  /** Tokens of the tiny models. */
  public static final int VOCABULARY = 384;

  /** Makes them in an empty folder. */
  public static AdapterCase make(String name, String target, Path folder) throws IOException {
    LoraCase one = LoraCase.named(name);
    Path stored = one.model(folder.resolve("stored"));
    rotateWholeHeads(stored.resolve("config.json"));
    Lora lora = new Lora(withoutBiases(one.adapter(0, folder.resolve("adapter"))), 0.5);
    Path base;
    try (Checkpoint checkpoint = Checkpoints.open(stored)) {
      base = Quantize.of(checkpoint).to("safetensors:f32").into(folder.resolve("base")).getFirst();
    }
    List<Path> apart;
    try (Checkpoint checkpoint = Checkpoints.open(base);
        LoraFactors factors = LoraFactors.open(checkpoint, lora)) {
      apart = Quantize.of(checkpoint).to(target).beside(factors).into(folder.resolve("apart"));
    }
    try (Checkpoint checkpoint = Lora.merge(Checkpoints.open(base), List.of(lora))) {
      Path merged = Quantize.of(checkpoint).to(target).into(folder.resolve("merged")).getFirst();
      return new AdapterCase(base, apart.get(0), apart.get(1), merged);
    }
  }

  /** ONNX Runtime rotates no fewer than 16 numbers, which is all that these heads have. */
  private static void rotateWholeHeads(Path config) throws IOException {
    String key = "\"partial_rotary_factor\":";
    Files.writeString(config, Files.readString(config).replaceAll(key + "[0-9.]+", key + "1.0"));
  }

  /** Trained biases are no factors, and engines load none. */
  private static Path withoutBiases(Path adapter) throws IOException {
    Path file = adapter.resolve("adapter_model.safetensors");
    Map<String, TensorFile.Tensor> tensors = new LinkedHashMap<>(TensorFile.read(file));
    tensors.keySet().removeIf(name -> !name.contains("lora_"));
    Files.delete(file);
    TensorFile.write(file, tensors);
    return adapter;
  }

  /** A prompt. */
  public static int[] ids(int length) {
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = (7919 * i + 13) % VOCABULARY;
    }
    return ids;
  }

  /** By how much two lots of logits differ at most. */
  public static float difference(float[][] one, float[][] other) {
    float most = 0;
    for (int t = 0; t < one.length; t++) {
      for (int i = 0; i < one[t].length; i++) {
        most = Math.max(most, Math.abs(one[t][i] - other[t][i]));
      }
    }
    return most;
  }
}

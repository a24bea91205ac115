package phiquant.checkpoint.lora;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.Pickle;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.safetensors.SafetensorsFile;
import phiquant.quant.Finite;

/**
 * {@code adapter_model.safetensors}: for every module {@code lora_A.weight} and {@code
 * lora_B.weight}, or an embedding's two, and the tensors that were trained as a whole ({@code
 * get_peft_model_state_dict} in peft's utils/save_and_load.py).
 *
 * @param file they were read from
 * @param bases what was below an adapter: a bias that was trained too, or a copy of the embedding.
 *     PEFT puts these in the base when it loads an adapter, before anything is merged
 * @param changes by the name of the tensor that they are for, in the order of the file
 */
record LoraWeights(Path file, Map<String, WeightChange> bases, Map<String, WeightChange> changes) {
  private static final String NAME = "adapter_model.safetensors";
  private static final String PREFIX = "base_model.model.";
  private static final Pattern FACTOR =
      Pattern.compile("(.+)\\.(?:lora_([AB])\\.weight|lora_embedding_([AB]))");
  private static final String BASE = ".base_layer.";
  private static final int PORTION = 1 << 16;

  /**
   * Maps the file and reads it once, to find NaN.
   *
   * @param scale beside the config's
   * @throws UserError if it is missing or damaged, or holds what is not computed
   */
  static LoraWeights open(Path folder, LoraConfig config, double scale, MappedFiles mapped) {
    Path file = folder.resolve(NAME);
    if (!Files.exists(file)) {
      if (Files.exists(folder.resolve("adapter_model.bin"))) {
        throw Pickle.refused(folder.resolve("adapter_model.bin"));
      }
      throw new UserError(
          folder + " has no " + NAME + ".", "Give the folder that PEFT's save_pretrained() wrote.");
    }
    Map<String, MappedTensor> stored = SafetensorsFile.open(file, mapped).tensors();
    Map<String, WeightChange> bases = new LinkedHashMap<>();
    Map<String, WeightChange> changes = new LinkedHashMap<>();
    stored.forEach(
        (key, tensor) -> {
          requireNumbers(file, tensor);
          Matcher factor = FACTOR.matcher(key);
          if (factor.matches()) {
            String module = plain(factor.group(1));
            WeightChange change = pair(file, key, factor, stored, config, scale);
            changes.put(module + ".weight", change);
          } else if (key.contains("lora_")) {
            throw new UserError(
                "%s holds '%s', which phiquant does not compute.".formatted(file, key),
                "Merge it with PEFT's merge_and_unload(), and quantize the result.");
          } else {
            (key.contains(BASE) ? bases : changes)
                .put(plain(key.replace(BASE, ".")), new WeightChange.Replacement(tensor));
          }
        });
    if (changes.isEmpty()) {
      throw new UserError(file + " holds no tensors.", "Save the adapter again.");
    }
    return new LoraWeights(file, bases, changes);
  }

  /** The name that the model has for it. */
  private static String plain(String key) {
    return key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : key;
  }

  private static WeightChange pair(
      Path file,
      String key,
      Matcher factor,
      Map<String, MappedTensor> stored,
      LoraConfig config,
      double scale) {
    boolean linear = factor.group(2) != null;
    String begin = factor.group(1) + (linear ? ".lora_" : ".lora_embedding_");
    String end = linear ? ".weight" : "";
    MappedTensor a = stored.get(begin + "A" + end);
    MappedTensor b = stored.get(begin + "B" + end);
    if (a == null || b == null) {
      throw new UserError(
          "%s holds '%s' without '%s'.".formatted(file, key, begin + (a == null ? "A" : "B") + end),
          "The file is damaged: download it again.");
    }
    String module = plain(factor.group(1));
    int rank = config.rank(module);
    if (a.shape().size() != 2 || b.shape().size() != 2 || a.rows() != rank || b.columns() != rank) {
      throw new UserError(
          "%s: the factors of '%s' have the shapes %s and %s, but %s says the rank %d."
              .formatted(file, module, a.shape(), b.shape(), config.file().getFileName(), rank),
          "The two files do not belong together: download them again.");
    }
    float scaling = config.scaling(module, scale);
    return linear
        ? new WeightChange.Linear(a, b, scaling)
        : new WeightChange.Embedding(a, b, scaling);
  }

  private static void requireNumbers(Path file, MappedTensor tensor) {
    if (!tensor.dtype().isWeight()) {
      throw new UserError(
          "%s: the tensor '%s' is stored as %s; F32, F16 and BF16 are read."
              .formatted(file, tensor.name(), tensor.dtype()));
    }
    if (!isFinite(tensor)) {
      throw new UserError(
          "%s: the tensor '%s' holds NaN or infinite numbers.".formatted(file, tensor.name()),
          "The adapter's training failed, or the file is damaged: take another.");
    }
  }

  /** A few rows at a time; a row that is long itself, in pieces. */
  private static boolean isFinite(StoredTensor tensor) {
    float[] some = new float[PORTION];
    long columns = tensor.columns();
    for (long row = 0; columns > 0 && row < tensor.rows(); ) {
      int rows = (int) Math.clamp(PORTION / columns, 1, tensor.rows() - row);
      for (long column = 0; column < columns; column += PORTION) {
        int width = (int) Math.min(PORTION, columns - column);
        tensor.readColumns(row, rows, (int) column, width, some, 0);
        if (!Finite.all(some, rows * width)) {
          return false;
        }
      }
      row += rows;
    }
    return true;
  }
}

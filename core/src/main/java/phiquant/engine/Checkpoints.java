package phiquant.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Adapter;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.HubCache;
import phiquant.checkpoint.HuggingFaceFolder;
import phiquant.checkpoint.Pickle;
import phiquant.engine.mlx.MlxTensors;

/** Opens what people have: a Hugging Face, ONNX or OpenVINO folder, or a GGUF file. */
public final class Checkpoints {
  private Checkpoints() {}

  /**
   * Opens a checkpoint; reads headers only.
   *
   * @param given its folder or file, or a repository's folder in the hub's cache
   * @throws UserError if it is none, or is damaged
   */
  public static Checkpoint open(Path given) {
    Path path = HubCache.snapshot(given);
    for (Engine engine : List.of(Engine.OPENVINO, Engine.ONNX, Engine.GGUF)) {
      Optional<? extends Checkpoint> own = engine.open(path);
      if (own.isPresent()) {
        return own.get();
      }
    }
    if (Files.isDirectory(path)) {
      return huggingFace(path);
    }
    if (!Files.exists(path)) {
      throw new UserError(path + " does not exist.");
    }
    if (path.toString().matches(".*\\.(bin|pt|pth|ckpt)")) {
      throw Pickle.refused(path);
    }
    if (path.toString().endsWith(".safetensors")) {
      throw new UserError(
          path + " is one file of a checkpoint.", "Give its folder, with config.json in it.");
    }
    throw new UserError(path + " is neither a checkpoint's or artifact's folder nor a GGUF file.");
  }

  private static Checkpoint huggingFace(Path folder) {
    Optional<Adapter> adapter = Adapter.in(folder);
    if (adapter.isPresent() && !Files.exists(folder.resolve("config.json"))) {
      throw adapter.get().alone();
    }
    return new HuggingFaceFolder(folder, MlxTensors.CODES);
  }
}

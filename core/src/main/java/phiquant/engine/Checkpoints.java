package phiquant.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Adapter;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.HubCache;
import phiquant.checkpoint.HuggingFaceFolder;
import phiquant.checkpoint.Pickle;
import phiquant.engine.gguf.reader.GgufCheckpoint;
import phiquant.engine.gguf.reader.GgufFolder;
import phiquant.engine.mlx.MlxTensors;
import phiquant.engine.onnx.reader.OnnxFolder;
import phiquant.engine.openvino.reader.OpenVinoFolder;

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
    if (Files.exists(path.resolve(OpenVinoFolder.XML))) {
      return new OpenVinoFolder(path);
    }
    if (OnnxFolder.is(path) && !HuggingFaceFolder.is(path)) {
      return new OnnxFolder(path);
    }
    if (Files.isDirectory(path)) {
      return GgufFolder.model(path)
          .<Checkpoint>map(GgufCheckpoint::new)
          .orElseGet(() -> huggingFace(path));
    }
    if (!Files.exists(path)) {
      throw new UserError(path + " does not exist.");
    }
    if (path.toString().endsWith(".gguf")) {
      return new GgufCheckpoint(path);
    }
    if (path.endsWith(OpenVinoFolder.XML) || path.endsWith("openvino_model.bin")) {
      return new OpenVinoFolder(path.toAbsolutePath().getParent());
    }
    if (path.toString().matches(".*\\.(bin|pt|pth|ckpt)")) {
      throw Pickle.refused(path);
    }
    if (path.toString().endsWith(".onnx")) {
      throw new UserError(
          path + " is one file of a model.", "Give its folder, with model.onnx in it.");
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

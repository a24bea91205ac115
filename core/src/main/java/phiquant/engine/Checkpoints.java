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
import phiquant.checkpoint.RangedFiles;
import phiquant.checkpoint.RangedFolder;
import phiquant.engine.mlx.MlxTensors;
import phiquant.hub.DownloadProgress;
import phiquant.hub.Hub;
import phiquant.hub.HubName;
import phiquant.hub.transport.HubSettings;

/** Opens what people have: a Hugging Face, ONNX or OpenVINO folder, or a GGUF file. */
public final class Checkpoints {
  private Checkpoints() {}

  /**
   * Opens a checkpoint whose weights lie at hand; reads headers only.
   *
   * @param given its folder or file, a repository's folder in the hub's cache, or the hub's name of
   *     a model that lies there
   * @throws UserError if it is none, or is damaged
   */
  public static Checkpoint open(Path given) {
    Optional<HubName> name = HubName.of(given);
    return name.isEmpty()
        ? at(given)
        : at(cached(name.get()).orElseThrow(() -> notHere(name.get())));
  }

  /**
   * Opens a checkpoint, also one that lies on the hub or in a store: to look at it reads headers
   * only, and its weights come when a pass reads them.
   *
   * @throws UserError if it is none, is damaged, or cannot be got
   */
  public static Checkpoint find(Path given) {
    Optional<RangedFiles> stored = RangedFiles.at(given);
    if (stored.isPresent()) {
      return opened(stored.get());
    }
    Optional<HubName> name = HubName.of(given);
    Optional<Path> here = name.isEmpty() ? Optional.of(given) : cached(name.get());
    if (here.isPresent()) {
      return at(here.get());
    }
    Hub hub = Hub.ofEnvironment();
    try {
      return hub.open(name.get(), MlxTensors.CODES);
    } catch (RuntimeException e) {
      hub.close();
      throw e;
    }
  }

  private static Checkpoint opened(RangedFiles stored) {
    try {
      return new RangedFolder(stored, MlxTensors.CODES);
    } catch (RuntimeException e) {
      stored.close();
      throw e;
    }
  }

  /**
   * Opens a checkpoint; one of the hub's is downloaded into the cache first, unless it is there.
   *
   * @throws UserError if it is none, is damaged, or cannot be got
   */
  public static Checkpoint keep(Path given, DownloadProgress progress) {
    Optional<HubName> name = HubName.of(given);
    if (name.isEmpty() || cached(name.get()).isPresent()) {
      return open(given);
    }
    try (Hub hub = Hub.ofEnvironment()) {
      return at(hub.keep(name.get(), progress));
    }
  }

  private static Optional<Path> cached(HubName name) {
    return Hub.cached(HubSettings.ofEnvironment(), name);
  }

  private static UserError notHere(HubName name) {
    return new UserError(
        name + " does not exist here, nor is it whole in the hub's cache.",
        "If it is a model of the hub, give --keep to download it, or quantize it on the way.");
  }

  private static Checkpoint at(Path given) {
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
      throw absent(path);
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

  private static UserError absent(Path path) {
    String text = path.toString().replace('\\', '/');
    if (!path.isAbsolute() && path.getNameCount() == 1) {
      return new UserError(
          path + " does not exist.",
          "Give a folder or a file, or a model of the hub as OWNER/NAME or OWNER/NAME@REVISION.");
    }
    return HubName.of(Path.of(text + "@main")).isPresent()
        ? new UserError(
            path + " does not exist.",
            "If the hub's model of that name is meant, give its revision too: " + text + "@main.")
        : new UserError(path + " does not exist.");
  }

  private static Checkpoint huggingFace(Path folder) {
    Optional<Adapter> adapter = Adapter.in(folder);
    if (adapter.isPresent() && !Files.exists(folder.resolve("config.json"))) {
      throw adapter.get().alone();
    }
    return new HuggingFaceFolder(folder, MlxTensors.CODES).unpacked();
  }
}

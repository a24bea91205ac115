package phiquant.engine.gguf.reader;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Renamed;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.checkpoint.derived.Stacked;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.PreparedMixture;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.model.Architecture;
import phiquant.model.PhiConfig;
import phiquant.model.Role;

/**
 * A GGUF file seen as a checkpoint of Hugging Face: its tensors under their names there, fused and
 * un-permuted where the two differ, and config.json and the tokenizer's files made from the
 * metadata.
 */
public final class GgufCheckpoint implements Checkpoint {
  private final Path path;
  private final MappedFiles files = new MappedFiles();
  private final GgufFile file;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private final GgufConfig.Found config;
  private final Set<String> used = new HashSet<>();
  private Map<String, byte[]> companions;

  /**
   * Opens a file, or all files of a split model given the first.
   *
   * @throws UserError if it is damaged, or of another architecture
   */
  public GgufCheckpoint(Path path) {
    this.path = path;
    try {
      this.file = readAll();
      GgufArchitecture architecture = architecture(file.text("general.architecture"));
      this.config = GgufConfig.of(file, architecture);
      nameTensors(architecture);
      keepTheRest();
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private GgufFile readAll() {
    GgufFile first = GgufFile.read(path, files.map(path));
    long count = first.metadata().get("split.count") instanceof Long number ? number : 1;
    if (count <= 1) {
      return first;
    }
    String suffix = String.format("-00001-of-%05d.gguf", count);
    String name = path.getFileName().toString();
    if (count > 99999 || !name.endsWith(suffix)) {
      throw new UserError(
          path + " is one of " + count + " files of a split model.",
          "Give the first of them, whose name ends in -00001-of-….gguf.");
    }
    Map<String, GgufTensor> all = new LinkedHashMap<>(first.tensors());
    String base = name.substring(0, name.length() - suffix.length());
    for (int i = 2; i <= count; i++) {
      Path next = path.resolveSibling(String.format("%s-%05d-of-%05d.gguf", base, i, count));
      if (!Files.exists(next)) {
        throw new UserError(next + " is missing; the model is split into " + count + " files.");
      }
      all.putAll(GgufFile.read(next, files.map(next)).tensors());
    }
    return new GgufFile(path, first.version(), first.metadata(), all);
  }

  /** The file itself, for those who want to see it. */
  public GgufFile file() {
    return file;
  }

  private GgufArchitecture architecture(String name) {
    if (name == null) {
      throw new UserError(
          path + " does not say of what architecture it is (general.architecture).");
    }
    if (name.equals("clip")) {
      throw new UserError(
          path + " is the tower of a model that sees, for llama.cpp's --mmproj, and no model.",
          "Give the text model's file, or the checkpoint that both were made of.");
    }
    return GgufArchitecture.named(name)
        .orElseThrow(
            () ->
                new UserError(
                    path + " is of the architecture '" + name + "', which is not supported.",
                    "Supported: phi2 (Phi-1, Phi-1.5, Phi-2), phi3 (Phi-3, Phi-3.5-mini, Phi-4,"
                        + " Phi-4-mini), phimoe (Phi-3.5-MoE) and llama."));
  }

  private void nameTensors(GgufArchitecture architecture) {
    Architecture family = architecture.family();
    PhiConfig facts = PhiConfig.of(config.json(), path + ": config.json", family.keys());
    Map<String, Integer> taken = new HashMap<>();
    boolean prepared = file.metadata().containsKey(PreparedMixture.KEY);
    for (Architecture.Part part : family.parts(facts)) {
      List<StoredTensor> stored = new ArrayList<>();
      for (Role role : architecture.stored(part.role())) {
        String name = GgufNames.of(role, part.layer(), part.bias());
        StoredTensor tensor = next(tensor(name), taken.merge(name, 1, Integer::sum) - 1);
        boolean interleaved = architecture.interleaves(role);
        StoredTensor own = interleaved ? new Unpermuted(tensor, facts.headSize()) : tensor;
        stored.add(prepared ? PreparedMixture.restored(role, own) : own);
      }
      tensors.put(part.name(), whole(part.name(), stored));
    }
    if (facts.longRope().isPresent()) {
      used.addAll(List.of(GgufNames.LONG_FACTORS, GgufNames.SHORT_FACTORS));
    }
  }

  /** One of the matrices that a tensor piles up, in the order of experts; mostly it is one. */
  private StoredTensor next(StoredTensor tensor, int which) {
    List<Long> shape = tensor.shape();
    if (shape.size() < 3) {
      return tensor;
    }
    if (which >= shape.getFirst() || shape.size() > 3) {
      throw new UserError(
          "%s: '%s' has the shape %s, which does not fit the number of experts."
              .formatted(path, tensor.name(), shape));
    }
    return new RowSlice(tensor.name(), tensor, which * shape.get(1), shape.get(1));
  }

  private void keepTheRest() {
    // What has no place in a Phi keeps its name, so that it is not lost without a word.
    file.tensors()
        .forEach(
            (name, tensor) -> {
              if (!used.contains(name)) {
                tensors.put(name, tensor);
              }
            });
  }

  private StoredTensor tensor(String name) {
    StoredTensor tensor = file.tensors().get(name);
    used.add(name);
    if (tensor == null) {
      throw new UserError(path + ": the tensor '" + name + "' is missing.");
    }
    return tensor;
  }

  private StoredTensor whole(String name, List<StoredTensor> parts) {
    if (parts.size() == 1) {
      return new Renamed(name, parts.getFirst());
    }
    for (StoredTensor part : parts) {
      if (part.shape().size() != 2 || part.columns() != parts.getFirst().columns()) {
        throw new UserError(
            "%s: '%s' has the shape %s, which does not fit its neighbours."
                .formatted(path, part.name(), part.shape()));
      }
    }
    return new Stacked(name, parts);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public ObjectNode config() {
    return config.json();
  }

  @Override
  public List<String> notices() {
    return config.notices();
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public synchronized Optional<byte[]> file(String name) {
    if (companions == null) {
      companions = GgufTokenizer.files(file, config.json());
    }
    return Optional.ofNullable(companions.get(name));
  }

  @Override
  public boolean isQuantized() {
    return file.tensors().values().stream().anyMatch(tensor -> tensor.type().isQuantized());
  }

  /** As the header's file type has it. */
  @Override
  public Optional<String> target() {
    Object type = file.metadata().get("general.file_type");
    return Stream.of(GgufFileType.values())
        .filter(known -> type instanceof Long id && id == known.id())
        .map(known -> "gguf:" + known)
        .findFirst();
  }

  /** Llama-imatrix writes the text's whole path. */
  @Override
  public List<String> calibratedOn() {
    return Stream.ofNullable(file.text("quantize.imatrix.dataset"))
        .map(text -> text.substring(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1))
        .toList();
  }

  @Override
  public void requireUnchanged() {
    files.requireUnchanged();
  }

  @Override
  public String stamp() {
    return files.stamp();
  }

  @Override
  public void close() {
    files.close();
  }
}

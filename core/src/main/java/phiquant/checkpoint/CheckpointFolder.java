package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import phiquant.UserError;
import phiquant.checkpoint.vocabulary.ChatTemplates;
import phiquant.checkpoint.vocabulary.TiktokenVocabulary;

/**
 * What folders of all kinds have in common: {@code config.json} and other small files beside the
 * weights, and the weights, which stay mapped until the folder is closed.
 */
public abstract class CheckpointFolder implements Checkpoint {
  private final Path folder;
  private final CheckpointFiles small;
  private final ObjectNode stated;
  private final ObjectNode config;
  private final MappedFiles files = new MappedFiles();

  /** What follows from it, once it was asked for. */
  private Optional<byte[]> tiktoken;

  /**
   * Reads the configuration.
   *
   * @param whereFrom what to do if there is none
   * @throws UserError if there is none, or it is damaged
   */
  protected CheckpointFolder(Path folder, String whereFrom) {
    this(new FolderFiles(folder), whereFrom);
  }

  /** The same of files that may lie elsewhere than on the disk. */
  protected CheckpointFolder(CheckpointFiles files, String whereFrom) {
    this.folder = files.path();
    this.small = files;
    byte[] json =
        files
            .read("config.json")
            .orElseThrow(() -> new UserError(folder + " has no config.json.", whereFrom));
    this.stated = Json.object(json, folder + "/config.json");
    this.config = ConfigForm.of(stated);
  }

  /** Opens what is mapped; if that fails, nothing stays mapped. */
  protected final <T> T map(Function<MappedFiles, T> open) {
    try {
      return open.apply(files);
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  @Override
  public final Path path() {
    return folder;
  }

  @Override
  public final ObjectNode config() {
    return config;
  }

  /** Whether it is a Llama that is read as the Phi-3 that computes the same. */
  protected final boolean isLlama() {
    return ConfigForm.isLlama(stated) && ConfigForm.isPhi3(config);
  }

  @Override
  public List<String> notices() {
    List<String> notices = new ArrayList<>();
    if (isLlama()) {
      notices.add(
          folder + " is a Llama by name; it computes what a Phi-3 does, and is read as one.");
    }
    notices.addAll(ChatTemplates.of(this).notices());
    return notices;
  }

  /**
   * As it is stored; {@code config.json} in the form that {@link #config} has, and what a
   * vocabulary of tiktoken's means where there is no {@code tokenizer.json}.
   */
  @Override
  public final Optional<byte[]> file(String name) {
    if (name.equals("config.json") && config != stated) {
      return Optional.of(PythonJson.bytes(config, 2, false));
    }
    Optional<byte[]> stored = small.read(name);
    return switch (name) {
      case "tokenizer.json" -> stored.or(this::fromTiktoken);
      case "tokenizer_config.json" ->
          stored.map(bytes -> isTiktoken() ? TiktokenVocabulary.config(bytes, folder) : bytes);
      default -> stored;
    };
  }

  private boolean isTiktoken() {
    return small.has(TiktokenVocabulary.FILE) && !small.has("tokenizer.json");
  }

  private synchronized Optional<byte[]> fromTiktoken() {
    if (tiktoken == null) {
      tiktoken =
          small
              .read(TiktokenVocabulary.FILE)
              .map(file -> TiktokenVocabulary.of(file, folder + "/" + TiktokenVocabulary.FILE))
              .map(TiktokenVocabulary::tokenizer);
    }
    return tiktoken;
  }

  /** As {@code phiquant.json} beside the weights has it. */
  @Override
  public final Optional<String> target() {
    return file("phiquant.json")
        .map(bytes -> Json.object(bytes, folder + "/phiquant.json").path("target").asText(""))
        .filter(target -> target.matches("[\\w:,.=;-]{1,200}"));
  }

  /** As {@code phiquant.json} has it; llama-imatrix writes whole paths. */
  @Override
  public final List<String> calibratedOn() {
    List<String> texts = new ArrayList<>();
    file("phiquant.json")
        .map(bytes -> Json.object(bytes, folder + "/phiquant.json"))
        .ifPresent(json -> json.path("calibrated_on").forEach(text -> texts.add(text.asText())));
    return texts.stream()
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

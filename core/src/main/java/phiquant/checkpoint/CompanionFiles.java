package phiquant.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.checkpoint.vocabulary.TiktokenVocabulary;

/** The small files beside a folder's weights: configuration, tokenizer, model card. */
public final class CompanionFiles {
  /** What a tokenizer may consist of. */
  public static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "tokenizer.model",
          "vocab.json",
          "merges.txt",
          TiktokenVocabulary.FILE,
          "chat_template.jinja");

  /** None is larger; tokenizer.json has some ten MB. */
  private static final int LARGEST = 256 << 20;

  private CompanionFiles() {}

  /**
   * The file's bytes, if the folder has it.
   *
   * @throws UserError if it is no file, too large, or cannot be read
   */
  public static Optional<byte[]> read(Path folder, String name) {
    Path file = folder.resolve(name);
    return Files.exists(file) ? Optional.of(InputFile.bytes(file, LARGEST)) : Optional.empty();
  }
}

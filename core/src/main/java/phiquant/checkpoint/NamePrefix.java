package phiquant.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.derived.Renamed;

/**
 * What all names of a checkpoint's tensors have in front of those that transformers gives them:
 * {@code module.} by data-parallel training, {@code base_model.model.} by PEFT, {@code _orig_mod.}
 * by torch.compile. The inner model saved alone lacks {@code model.} instead.
 *
 * @param text in front, perhaps nothing
 * @param bare whether {@code model.} is missing behind it
 */
record NamePrefix(String text, boolean bare) {
  private static final String MODEL = "model.";
  private static final String EMBEDDING = "embed_tokens.weight";
  private static final String HEAD = "lm_head.";

  /** The prefix of these names; empty if they have none, or not all of them the same. */
  static Optional<NamePrefix> of(Set<String> names) {
    if (names.contains(MODEL + EMBEDDING)) {
      return Optional.empty();
    }
    List<String> embeddings =
        names.stream()
            .filter(name -> name.equals(EMBEDDING) || name.endsWith("." + EMBEDDING))
            .toList();
    if (embeddings.size() != 1) {
      return Optional.empty();
    }
    String front = embeddings.get(0).substring(0, embeddings.get(0).length() - EMBEDDING.length());
    boolean bare = !front.endsWith(MODEL);
    String text = bare ? front : front.substring(0, front.length() - MODEL.length());
    return names.stream().allMatch(name -> name.startsWith(text))
        ? Optional.of(new NamePrefix(text, bare))
        : Optional.empty();
  }

  /** The tensors under the names that transformers gives them. */
  Map<String, StoredTensor> strip(Map<String, StoredTensor> tensors) {
    Map<String, StoredTensor> plain = new LinkedHashMap<>();
    tensors.forEach(
        (stored, tensor) -> {
          String rest = stored.substring(text.length());
          String name = bare && !rest.startsWith(HEAD) ? MODEL + rest : rest;
          plain.put(name, new Renamed(name, tensor));
        });
    return plain;
  }

  /** Says what was done. */
  String notice() {
    String begin =
        text.isEmpty() ? "" : "All names of tensors begin with '" + text + "', which is left off";
    if (!bare) {
      return begin + ".";
    }
    return (text.isEmpty() ? "The names of tensors lack" : begin + ", and lack")
        + " '"
        + MODEL
        + "' in front, which is added.";
  }
}

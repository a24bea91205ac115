package phiquant.engine.gguf;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.model.Architecture;
import phiquant.model.Role;
import phiquant.model.phi.Phi2;
import phiquant.model.phi.Phi3;
import phiquant.model.phi.Phi3Vision;
import phiquant.model.phi.Phi4Vision;
import phiquant.model.phi.PhiMoe;

/**
 * What llama.cpp calls the members of the family, and what it takes for granted of them. Source:
 * {@code MODEL_ARCH_NAMES} in gguf-py's constants.py and the converter's phi.py.
 */
public enum GgufArchitecture {
  PHI3("phi3", new Phi3(), GgufKey.RMS_NORM_EPSILON),
  /** The text part alone: llama.cpp has no tower for it. */
  PHI3_TEXT("phi3", new Phi3Vision(), GgufKey.RMS_NORM_EPSILON),
  /** The text part, beside which llama.cpp takes a file with the tower. */
  PHI4_TEXT("phi3", new Phi4Vision(), GgufKey.RMS_NORM_EPSILON),
  PHI2("phi2", new Phi2(), GgufKey.LAYER_NORM_EPSILON),
  /** It keeps the norms' epsilon under the name of norms that it does not have. */
  PHIMOE("phimoe", new PhiMoe(), GgufKey.RMS_NORM_EPSILON),
  /** A Phi-3 whose fused matrices are apart. */
  LLAMA("llama", new Phi3(), GgufKey.RMS_NORM_EPSILON);

  private final String text;
  private final Architecture family;
  private final GgufKey epsilon;

  GgufArchitecture(String text, Architecture family, GgufKey epsilon) {
    this.text = text;
    this.family = family;
    this.epsilon = epsilon;
  }

  /** The one of that name in {@code general.architecture}. */
  public static Optional<GgufArchitecture> named(String text) {
    return Stream.of(values()).filter(each -> each.text.equals(text)).findFirst();
  }

  /**
   * The one that files of a member of the family are written as.
   *
   * @throws UserError if llama.cpp has none
   */
  public static GgufArchitecture of(Architecture family) {
    return Stream.of(values())
        .filter(each -> each.family.className().equals(family.className()))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "gguf: llama.cpp has no architecture for a " + family.className() + ".",
                    "onnx, mlx and safetensors take it, and phiquant runs it."));
  }

  /** Its name in {@code general.architecture}. */
  public String text() {
    return text;
  }

  /** What it is to Hugging Face. */
  public Architecture family() {
    return family;
  }

  /**
   * What llama.cpp computes otherwise than the model's makers, if anything.
   *
   * @param prepared whether weights are prepared so that it comes close
   */
  public Optional<String> departure(boolean prepared) {
    if (this == PHI3_TEXT) {
      return Optional.of(
          "This file is the text part of a model that sees: llama.cpp has no tower for it, and is"
              + " shown no pictures.");
    }
    if (this == PHI4_TEXT) {
      return Optional.of(
          "This file is the text part of a model that sees: llama.cpp sees with the file that"
              + " gguf:mmproj writes, given by --mmproj.");
    }
    if (this != PHIMOE) {
      return Optional.empty();
    }
    return Optional.of(
        prepared
            ? "With these weights llama.cpp computes what a PhiMoE's makers do, but for tokens of"
                + " which three experts' scores, or the best two, lie within 2 %; other tools see"
                + " prepared weights."
            : "llama.cpp (build_phimoe of its phi3.cpp) computes another function with a PhiMoE"
                + " than its makers: root mean square norms, the best two experts by softmax, and"
                + " an attention factor of its own; phiquant computes the makers' from the same"
                + " file, but for the factor. moe=exact prepares weights so that llama.cpp comes"
                + " close.");
  }

  /** Whether files have the attention factor that follows from the contexts, not the model's. */
  public boolean derivesAttention() {
    return this == PHIMOE;
  }

  /** Which key is the norms'. */
  public GgufKey epsilon() {
    return epsilon;
  }

  /** The name of one of its keys. */
  public String key(GgufKey key) {
    return text + "." + key.text();
  }

  /** What a file has in place of a weight, one below the other; mostly that weight. */
  public List<Role> stored(Role role) {
    return this == LLAMA ? role.parts() : List.of(role);
  }

  /** Whether the halves of every head are interleaved in a file. */
  public boolean interleaves(Role role) {
    return this == LLAMA && (role == Role.QUERY || role == Role.KEY);
  }
}

package phiquant.engine.gguf;

import java.nio.file.Path;

/**
 * What the name of a GGUF file says: {@code model.gguf}, or {@code model-00001-of-00003.gguf} where
 * a model is split (GGUF naming convention, ggml's docs/gguf.md).
 */
public final class GgufFileName {
  private static final String ENDING = ".gguf";
  private static final String PART = "-\\d{5}-of-\\d{5}";
  private static final String FIRST = "-00001-of-\\d{5}";

  private GgufFileName() {}

  /** Whether a file is called like one. */
  public static boolean isOne(Path file) {
    return file.toString().endsWith(ENDING);
  }

  /** Whether it is called like another than the first part of a split model. */
  public static boolean isLaterPart(Path file) {
    return file.toString().matches(".*" + PART + "\\" + ENDING)
        && !file.toString().matches(".*" + FIRST + "\\" + ENDING);
  }

  /** Whether it is called like a tower that lies beside a text model, as llama.cpp looks for it. */
  public static boolean isTower(Path file) {
    return file.getFileName().toString().startsWith("mmproj");
  }

  /** Whether {@code other} is a part of the split model whose first file is {@code first}. */
  public static boolean isPartOf(String first, String other) {
    String base = model(first);
    return first.matches(".*" + FIRST + "\\" + ENDING)
        && other.startsWith(base)
        && other.substring(base.length()).matches(PART + "\\" + ENDING);
  }

  /** The name without the ending, if it has it. */
  public static String stem(String file) {
    return file.endsWith(ENDING) ? file.substring(0, file.length() - ENDING.length()) : file;
  }

  /** The name of the model, without ending and number of the first part. */
  public static String model(String file) {
    return file.replaceFirst("(" + FIRST + ")?\\" + ENDING + "$", "");
  }

  /** The name that the file would have if the model were not split. */
  public static String whole(String file) {
    return file.replaceFirst(FIRST + "(?=\\" + ENDING + "$)", "");
  }
}

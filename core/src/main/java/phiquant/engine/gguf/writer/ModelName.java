package phiquant.engine.gguf.writer;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a model's name says about it: {@code Phi-3.5-mini-instruct} has the basename Phi-3.5, the
 * size label mini and the finetune instruct. Parts that are null are not in the name. The rules are
 * those by which gguf-py derives {@code general.*} ({@code get_model_id_components} in
 * metadata.py).
 */
record ModelName(
    String full,
    String organization,
    String basename,
    String finetune,
    String version,
    String sizeLabel) {

  private enum Part {
    BASENAME,
    SIZE_LABEL,
    FINETUNE,
    VERSION,
    TYPE
  }

  /**
   * Takes an id apart.
   *
   * @param id such as {@code microsoft/Phi-3.5-mini-instruct} or a folder's name
   * @param parameters of the model, to tell sizes from context lengths
   */
  static ModelName of(String id, long parameters) {
    if (id.contains(" ")) {
      return new ModelName(id, null, null, null, null, null);
    }
    int slash = id.indexOf('/');
    String organization = slash < 0 ? null : id.substring(0, slash);
    String full = id.substring(slash + 1);
    if (organization != null && organization.startsWith(".")) {
      organization = null;
    }
    List<String> names =
        Stream.of(full.split("-"))
            .filter(part -> !part.isEmpty())
            .collect(Collectors.toCollection(ArrayList::new));
    List<Set<Part>> kinds = annotate(names, parameters);
    markBasename(names, kinds);
    String sizeLabel = join(names, kinds, (kind, i) -> kind.contains(Part.SIZE_LABEL), true);
    String finetune = join(names, kinds, (kind, i) -> kind.contains(Part.FINETUNE), false);
    String version =
        join(
            names,
            kinds,
            (kind, i) -> kind.contains(Part.VERSION) && !kind.contains(Part.BASENAME),
            false);
    String basename = join(names, kinds, (kind, i) -> kind.contains(Part.BASENAME), false);
    boolean ambiguous = sizeLabel == null && finetune == null && version == null;
    return new ModelName(
        full, organization, ambiguous ? null : basename, finetune, version, sizeLabel);
  }

  private static List<Set<Part>> annotate(List<String> names, long parameters) {
    List<Set<Part>> kinds = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String part = names.get(i);
      Set<Part> kind = EnumSet.noneOf(Part.class);
      kinds.add(kind);
      if (part.matches("(?i)(v|iter)?\\d+([.]\\d+)*")) {
        kind.add(Part.VERSION);
      } else if (part.matches("(?i)i?q\\d(_\\w)*|b?fp?(16|32)")) {
        kind.add(Part.TYPE);
        names.set(i, part.toUpperCase(java.util.Locale.ROOT));
      } else if (i > 0 && part.matches("(?i)" + SIZE)) {
        names.set(i, size(part, parameters, kind));
      } else if (i > 0 && part.matches("(?i)chat|instruct|vision|lora")) {
        kind.add(Part.FINETUNE);
      }
    }
    // A size in words says nothing beside one in numbers.
    boolean numbered =
        IntStream.range(0, names.size())
            .anyMatch(
                i ->
                    kinds.get(i).contains(Part.SIZE_LABEL)
                        && names.get(i).chars().anyMatch(Character::isDigit));
    for (int i = 0; numbered && i < names.size(); i++) {
      if (names.get(i).chars().allMatch(Character::isLetter)) {
        kinds.get(i).remove(Part.SIZE_LABEL);
      }
    }
    return kinds;
  }

  private static final String SIZE =
      "(([A]|\\d+[x])?\\d+([._]\\d+)?[KMBT][\\d]?|small|mini|medium|large|x?xl)";

  /** A size label, or a context length if it does not fit the number of parameters. */
  private static String size(String name, long parameters, Set<Part> kind) {
    String part = name.replace("_", ".");
    int last = part.length() - 1;
    if (Character.isDigit(part.charAt(last))) {
      part = part.substring(0, last - 1) + "." + part.charAt(last) + part.charAt(last - 1);
      last = part.length() - 1;
    }
    String front = part.substring(0, last);
    char unit = part.charAt(last);
    if (last > 0 && Character.isDigit(part.charAt(last - 1)) && "kmbt".indexOf(unit) >= 0) {
      unit = Character.toUpperCase(unit);
    }
    if (parameters != 0 && front.matches("\\d+(\\.\\d+)?")) {
      double label = Double.parseDouble(front) * Math.pow(1000, " KMBT".indexOf(unit));
      if (Math.abs(label - parameters) > 7 * parameters / 8) {
        kind.add(Part.FINETUNE);
        unit = Character.toLowerCase(unit);
      }
    }
    if (kind.isEmpty()) {
      kind.add(Part.SIZE_LABEL);
    }
    return front + unit;
  }

  private static void markBasename(List<String> names, List<Set<Part>> kinds) {
    boolean atStart = true;
    for (int i = 0; i < names.size(); i++) {
      Set<Part> kind = kinds.get(i);
      boolean word = kind.isEmpty() && Character.isLetter(names.get(i).charAt(0));
      if (atStart && (word || kind.contains(Part.VERSION))) {
        kind.add(Part.BASENAME);
      } else {
        atStart = false;
        if (kind.isEmpty()) {
          kind.add(Part.FINETUNE);
        }
      }
    }
    // A version at the very end is not part of the base name.
    for (int i = kinds.size() - 1; i >= 0; i--) {
      if (!kinds.get(i).contains(Part.BASENAME) || kinds.get(i).size() < 2) {
        break;
      }
      kinds.get(i).remove(Part.BASENAME);
    }
  }

  private static String join(
      List<String> names,
      List<Set<Part>> kinds,
      BiPredicate<Set<Part>, Integer> wanted,
      boolean once) {
    Stream<String> found =
        IntStream.range(0, names.size())
            .filter(i -> wanted.test(kinds.get(i), i))
            .mapToObj(names::get);
    String joined = (once ? found.distinct() : found).collect(Collectors.joining("-"));
    return joined.isEmpty() ? null : joined;
  }

  /** {@code Phi-3.5-mini} as a title: {@code Phi 3.5 Mini}. */
  static String title(String name) {
    return Stream.of(name.replace('-', ' ').strip().split("\\s+"))
        .map(ModelName::capitalized)
        .collect(Collectors.joining(" "));
  }

  /** Capitalizes a word of lower-case letters, unless it is a version or begins with a digit. */
  private static String capitalized(String word) {
    boolean cased = word.chars().anyMatch(Character::isLetter);
    boolean lower = cased && word.equals(word.toLowerCase(java.util.Locale.ROOT));
    if (!lower || word.matches("(v\\d+(?:\\.\\d+)*|\\d.*)")) {
      return word;
    }
    StringBuilder title = new StringBuilder();
    boolean start = true;
    for (char c : word.toCharArray()) {
      title.append(start ? Character.toUpperCase(c) : c);
      start = !Character.isLetter(c);
    }
    return title.toString();
  }

  /** A number of parameters in two digits or more: {@code 135M}, {@code 3.8B}. */
  static String sizeLabel(long parameters) {
    String[] units = {"K", "M", "B", "T"};
    int power = parameters > 1e12 ? 3 : parameters > 1e9 ? 2 : parameters > 1e6 ? 1 : 0;
    double scaled = parameters * new double[] {1e-3, 1e-6, 1e-9, 1e-12}[power];
    String whole = String.valueOf((long) Math.rint(scaled)).replaceFirst("^0+", "");
    int digits = Math.max(2 - whole.length(), 0);
    return new BigDecimal(scaled).setScale(digits, RoundingMode.HALF_EVEN).toPlainString()
        + units[power];
  }
}

package phiquant.npu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * Qualcomm's chips with an HTP. Those before v73 are given codes only: Qualcomm states 16-bit
 * floats from v73 on, though the simulator computes them for all. Source of the numbers: {@code
 * QnnTypes.h} of Qualcomm's AI Runtime ({@code QNN_SOC_MODEL_…}); of the architectures: {@code
 * QnnHtpDevice.h} and the list of supported devices in its documentation.
 */
public enum Chip {
  SD_888("888", 30, 68, "SM8350", "Snapdragon 888"),
  CX_3("8cx-gen-3", 37, 68, "SC8280X", "Snapdragon 8cx Gen 3"),
  GEN_2("8-gen-2", 43, 73, "SM8550", "Snapdragon 8 Gen 2"),
  GEN_3("8-gen-3", 57, 75, "SM8650", "Snapdragon 8 Gen 3"),
  ELITE("8-elite", 69, 79, "SM8750", "Snapdragon 8 Elite"),
  ELITE_5("8-elite-gen-5", 87, 81, "SM8850", "Snapdragon 8 Elite Gen 5"),
  X_ELITE("x-elite", 60, 73, "SC8380XP", "Snapdragon X Elite, X Plus and X"),
  X2_ELITE("x2-elite", 88, 81, "SC8480XP", "Snapdragon X2 Elite");

  private final String label;
  private final int number;
  private final int architecture;
  private final String part;
  private final String people;

  Chip(String label, int number, int architecture, String part, String people) {
    this.label = label;
    this.number = number;
    this.architecture = architecture;
    this.part = part;
    this.people = people;
  }

  /** What {@code --soc} takes. */
  public String label() {
    return label;
  }

  /** Qualcomm's number of it. */
  public int number() {
    return number;
  }

  /** The version of its HTP. */
  public int architecture() {
    return architecture;
  }

  /** Whether graphs of 16-bit floats, and caches of 16 bits, are for it. */
  boolean isWide() {
    return architecture >= 73;
  }

  /** For people. */
  public String description() {
    return people + " (" + part + ", HTP v" + architecture + ")";
  }

  /**
   * The chips of a list with commas, by label or part.
   *
   * @throws UserError (usage) naming all there are
   */
  public static List<Chip> named(String text) {
    List<Chip> chips = new ArrayList<>();
    for (String name : text.split(",")) {
      Chip found =
          Stream.of(values())
              .filter(
                  chip ->
                      chip.label.equalsIgnoreCase(name.strip())
                          || chip.part.equalsIgnoreCase(name.strip()))
              .findFirst()
              .orElseThrow(
                  () ->
                      UserError.usage(
                          "There is no chip '%s'; there is %s."
                              .formatted(
                                  name.strip(),
                                  Arrays.stream(values())
                                      .map(Chip::label)
                                      .collect(Collectors.joining(", ")))));
      if (!chips.contains(found)) {
        chips.add(found);
      }
    }
    return chips;
  }
}

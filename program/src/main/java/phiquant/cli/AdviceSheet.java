package phiquant.cli;

import java.util.List;
import java.util.Locale;
import phiquant.advise.Advice;
import phiquant.advise.Choice;
import phiquant.advise.Device;

/** Advice for people: what was considered as a table, then what to choose and why. */
final class AdviceSheet {
  private AdviceSheet() {}

  static String of(Advice advice) {
    Device device = advice.device();
    StringBuilder sheet = new StringBuilder();
    sheet.append(
        String.format(
            Locale.ROOT,
            "%s on %s%n%.2f billion parameters, a context of %d tokens; memory %s, of which a model"
                + " may take %s; %.1f GB/s (%s)%n%n",
            advice.model(),
            device.name(),
            advice.parameters() / 1e9,
            advice.context(),
            Summary.size((long) (device.memoryGb() * 1e9)),
            Summary.size(device.usable()),
            device.bandwidth(),
            device.memory()));
    String row = "%s %-13s %-9s %-32s %10s %10s %10s  %-10s %s%n";
    sheet.append(
        String.format(
            row,
            " ",
            "engine",
            "precision",
            "target",
            "artifact",
            "cache",
            "memory",
            "tokens/s",
            "fits"));
    for (Choice choice : advice.choices()) {
      sheet.append(
          String.format(
              row,
              choice == advice.best() && choice.fits() ? "→" : " ",
              choice.engine(),
              choice.precision().toUpperCase(Locale.ROOT),
              choice.target(),
              Summary.size(choice.artifactBytes()),
              Summary.size(choice.cacheBytes()),
              Summary.size(choice.bytes()),
              speed(choice),
              choice.fits() ? "yes" : "no"));
    }
    sheet.append('\n');
    advice.why().forEach(line -> sheet.append(line).append('\n'));
    if (device.note() != null) {
      sheet.append(device.note()).append('\n');
    }
    if (advice.best().fits()) {
      sheet.append("\n  ").append(advice.command()).append('\n');
      sheet.append("  ").append(advice.run()).append('\n');
    }
    return sheet
        .append(
            """

            Sizes are exact. Tokens a second are an estimate: half of the bandwidth with a full
            cache, to four fifths of it with an empty one. Memory is artifact, cache and an
            allowance for a prompt's activations.
            """)
        .toString();
  }

  private static String speed(Choice choice) {
    return rate(choice.slowest()) + "–" + rate(choice.fastest());
  }

  private static String rate(double tokens) {
    return String.format(Locale.ROOT, tokens < 9.95 ? "%.1f" : "%.0f", tokens);
  }

  static String devices(List<Device> devices) {
    StringBuilder table = new StringBuilder();
    String row = "%-22s %-64s %10s %11s%n";
    table.append(String.format(row, "device", "what it is", "memory", "bandwidth"));
    for (Device device : devices) {
      table.append(
          String.format(
              Locale.ROOT,
              row,
              device.id(),
              device.name(),
              String.format(Locale.ROOT, "%.3g GB", device.memoryGb()),
              String.format(Locale.ROOT, "%.0f GB/s", device.bandwidth())));
    }
    return table.append("this                   the machine that you are at\n").toString();
  }
}

package phiquant.jinja;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import java.util.Map;

/** Python's {@code strftime} in the C locale, with glibc's minus for numbers without zeros. */
final class Strftime {
  private static final Map<String, String> PATTERNS =
      Map.ofEntries(
          Map.entry("Y", "yyyy"),
          Map.entry("y", "yy"),
          Map.entry("m", "MM"),
          Map.entry("-m", "M"),
          Map.entry("d", "dd"),
          Map.entry("-d", "d"),
          Map.entry("e", "ppd"),
          Map.entry("B", "MMMM"),
          Map.entry("b", "MMM"),
          Map.entry("h", "MMM"),
          Map.entry("A", "EEEE"),
          Map.entry("a", "EEE"),
          Map.entry("H", "HH"),
          Map.entry("-H", "H"),
          Map.entry("I", "hh"),
          Map.entry("-I", "h"),
          Map.entry("M", "mm"),
          Map.entry("-M", "m"),
          Map.entry("S", "ss"),
          Map.entry("-S", "s"),
          Map.entry("p", "a"),
          Map.entry("j", "DDD"),
          Map.entry("-j", "D"),
          Map.entry("f", "SSSSSS"),
          Map.entry("F", "yyyy-MM-dd"),
          Map.entry("D", "MM/dd/yy"),
          Map.entry("T", "HH:mm:ss"),
          Map.entry("R", "HH:mm"),
          Map.entry("c", "EEE MMM ppd HH:mm:ss yyyy"),
          Map.entry("x", "MM/dd/yy"),
          Map.entry("X", "HH:mm:ss"));

  private Strftime() {}

  static String format(ZonedDateTime time, String format) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      int end = i + 1 < format.length() && format.charAt(i + 1) == '-' ? i + 3 : i + 2;
      String code = format.substring(i + 1, Math.min(end, format.length()));
      i += code.length();
      if (code.equals("%")) {
        out.append('%');
      } else if (code.equals("s")) {
        out.append(time.toEpochSecond());
      } else if (code.equals("u")) {
        out.append(time.getDayOfWeek().getValue());
      } else if (code.equals("Z") || code.equals("z")) {
        // datetime.now() has no time zone.
      } else if (PATTERNS.containsKey(code)) {
        out.append(formatter(PATTERNS.get(code)).format(time));
      } else {
        throw TemplateError.unsupported("'%" + code + "' of strftime");
      }
    }
    return out.toString();
  }

  private static DateTimeFormatter formatter(String pattern) {
    return new DateTimeFormatterBuilder().appendPattern(pattern).toFormatter(Locale.US);
  }
}

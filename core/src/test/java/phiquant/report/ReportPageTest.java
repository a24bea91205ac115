package phiquant.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import phiquant.engine.Engine;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;

/** The page against the JDK's XML parser and the contrast formula of WCAG 2.2. */
class ReportPageTest {
  private final String page = ReportPage.of(Evaluations.invented());

  @Test
  void thePageIsWellFormedAndNamesAreOnlyText() throws Exception {
    Document document = parsed();
    assertThat(document.getElementsByTagName("script").getLength()).isZero();
    assertThat(document.getElementsByTagName("b").getLength()).isZero();
    assertThat(document.getDocumentElement().getTextContent()).contains("<script>alert(1)");
    assertThat(document.getElementsByTagName("mark").getLength()).isEqualTo(4);
  }

  @Test
  void nothingIsLoadedFromElsewhere() {
    assertThat(page).doesNotContain("http", "src=", "url(", "@import", "<link");
  }

  /** What a screen reader needs: headings in order, tables with headers, a text for the plot. */
  @Test
  void thePageCanBeReadWithoutEyes() throws Exception {
    Document document = parsed();
    assertThat(document.getDocumentElement().getAttribute("lang")).isEqualTo("en");
    assertThat(document.getElementsByTagName("h1").getLength()).isEqualTo(1);
    Map<String, Element> ids = new HashMap<>();
    List<Element> all = elements(document, "*");
    all.stream().filter(e -> e.hasAttribute("id")).forEach(e -> ids.put(e.getAttribute("id"), e));
    all.stream()
        .filter(element -> element.hasAttribute("aria-labelledby"))
        .flatMap(
            element -> Pattern.compile(" ").splitAsStream(element.getAttribute("aria-labelledby")))
        .forEach(id -> assertThat(ids).containsKey(id));
    for (Element table : elements(document, "table")) {
      assertThat(table.getElementsByTagName("caption").getLength()).isEqualTo(1);
      for (int i = 0; i < table.getElementsByTagName("th").getLength(); i++) {
        Element header = (Element) table.getElementsByTagName("th").item(i);
        assertThat(header.getAttribute("scope")).isIn("col", "row");
      }
    }
    for (Element plot : elements(document, "svg")) {
      assertThat(plot.getAttribute("role")).isEqualTo("img");
      assertThat(plot.getElementsByTagName("desc").item(0).getTextContent()).contains("127.0 MB");
    }
  }

  /** On a page of several models no two things have one name, and links lead somewhere. */
  @Test
  void modelsShareAPageWithoutSharingNames() throws Exception {
    Evaluation one = Evaluations.invented();
    Document document = parsed(ReportPage.of(List.of(one, one, one)));
    assertThat(document.getElementsByTagName("h1").item(0).getTextContent())
        .isEqualTo("3 models, quantized");
    assertThat(document.getElementsByTagName("article").getLength()).isEqualTo(3);
    List<String> ids =
        elements(document, "*").stream()
            .map(element -> element.getAttribute("id"))
            .filter(id -> !id.isEmpty())
            .toList();
    assertThat(ids).doesNotHaveDuplicates().hasSizeGreaterThan(18);
    for (Element link : elements(document, "a")) {
      assertThat(ids).contains(link.getAttribute("href").substring(1));
    }
    assertThat(ReportPage.of(List.of(one))).isEqualTo(page);
  }

  /** Text of 4.5 : 1 against what is behind it, on the light and on the dark page. */
  @Test
  void coloursHaveContrast() {
    String[] parts = page.split("prefers-color-scheme: dark", 2);
    for (String theme : parts) {
      Map<String, String> colours = new HashMap<>();
      Matcher each = Pattern.compile("--([\\w-]+): (#[0-9a-f]{6});").matcher(theme);
      while (each.find()) {
        colours.putIfAbsent(each.group(1), each.group(2));
      }
      for (String text : List.of("ink", "soft", "accent", "warn")) {
        for (String back : List.of("paper", "card")) {
          assertThat(contrast(colours.get(text), colours.get(back)))
              .as(text + " on " + back)
              .isGreaterThanOrEqualTo(4.5);
        }
      }
      assertThat(contrast(colours.get("mark-ink"), colours.get("mark"))).isGreaterThan(4.5);
      for (int shade = 0; shade < 10; shade++) {
        String text = shade < 6 ? "dark-text" : "light-text";
        assertThat(contrast(colours.get(text), colours.get("h" + shade)))
            .as("text on shade " + shade)
            .isGreaterThanOrEqualTo(4.5);
      }
    }
  }

  /** Smaller and closer wins; equal in both stays; larger and farther goes. */
  @Test
  void theFrontIsWhatNoneBeats() {
    Result small = Evaluations.result("small", Engine.GGUF, 100, 0.5, 0);
    Result good = Evaluations.result("good", Engine.GGUF, 200, 0.1, 0);
    Result beaten = Evaluations.result("beaten", Engine.GGUF, 210, 0.2, 0);
    Result twin = Evaluations.result("twin", Engine.MLX, 200, 0.1, 0);
    assertThat(Pareto.front(List.of(beaten, good, twin, small))).containsExactly(small, good, twin);
  }

  private Document parsed() throws Exception {
    return parsed(page);
  }

  private static Document parsed(String html) throws Exception {
    String xml = html.replaceFirst("<!DOCTYPE html>", "");
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<Element> elements(Document document, String name) {
    NodeList nodes = document.getElementsByTagName(name);
    return java.util.stream.IntStream.range(0, nodes.getLength())
        .mapToObj(i -> (Element) nodes.item(i))
        .toList();
  }

  private static double contrast(String a, String b) {
    double brighter = Math.max(luminance(a), luminance(b));
    double darker = Math.min(luminance(a), luminance(b));
    return (brighter + 0.05) / (darker + 0.05);
  }

  /** Relative luminance, as WCAG defines it. */
  private static double luminance(String colour) {
    double sum = 0;
    double[] weights = {0.2126, 0.7152, 0.0722};
    for (int i = 0; i < 3; i++) {
      double c = Integer.parseInt(colour.substring(1 + 2 * i, 3 + 2 * i), 16) / 255.0;
      sum += weights[i] * (c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
  }
}

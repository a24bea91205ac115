package phiquant.engine.openvino.ir;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** What any reader of XML finds in the file is what was written. */
class IrXmlTest {
  private static final String TRICKY =
      "{%- if a < b && \"x\" %}\r\n\t 'ü' 😀  \u2028]]>\n{% endif %}";

  @Test
  void textsSurviveInAttributes() throws Exception {
    Ir graph = new Ir();
    graph.parameter("a<b>&\"c\"", Type.I64, "?,?");
    Document read = read(IrXml.write("phi3", graph, Map.of("info", Map.of("template", TRICKY))));
    assertThat(element(read, "template").getAttribute("value")).isEqualTo(TRICKY);
    assertThat(element(read, "layer").getAttribute("name")).isEqualTo("a<b>&\"c\"");
  }

  @Test
  void layersAndEdgesAreCounted() throws Exception {
    Ir graph = new Ir();
    Ir.Out input = graph.parameter("x", Type.F32, "?");
    Ir.Out sum =
        graph.op(
            "Add", "opset1", Map.of("auto_broadcast", "numpy"), Type.F32, input, graph.f32("", 1f));
    graph.sink("Result", "opset1", Map.of(), false, sum);
    Document read = read(IrXml.write("net", graph, Map.of()));
    assertThat(read.getElementsByTagName("layer").getLength()).isEqualTo(4);
    assertThat(read.getElementsByTagName("edge").getLength()).isEqualTo(3);
    assertThat(element(read, "net").getAttribute("version")).isEqualTo("11");
  }

  private static Element element(Document document, String tag) {
    return (Element) document.getElementsByTagName(tag).item(0);
  }

  private static Document read(byte[] xml) throws Exception {
    return DocumentBuilderFactory.newDefaultInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(xml));
  }
}

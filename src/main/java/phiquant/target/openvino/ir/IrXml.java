package phiquant.target.openvino.ir;

import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.transform.TransformerConfigurationException;
import javax.xml.transform.sax.SAXTransformerFactory;
import javax.xml.transform.sax.TransformerHandler;
import javax.xml.transform.stream.StreamResult;
import org.xml.sax.ContentHandler;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.AttributesImpl;

/**
 * Writes a graph as an IR's XML, version 11: layers, edges, run-time information. Ports carry types
 * but no dimensions; the engine infers those. Source: OpenVINO's {@code xml_serialize_util.cpp} and
 * the schema of its documentation, "OpenVINO IR format".
 */
public final class IrXml {
  private final ContentHandler out;

  private IrXml(ContentHandler out) {
    this.out = out;
  }

  /**
   * The file's bytes.
   *
   * @param info run-time information: values are texts or nested maps
   */
  public static byte[] write(String name, Ir graph, Map<String, ?> info) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      // A serializer for SAX events, not StAX's writer: that one leaves line breaks in attributes
      // as they are, which every reader turns into spaces, and chat templates would be spoilt.
      TransformerHandler serializer =
          ((SAXTransformerFactory) SAXTransformerFactory.newDefaultInstance())
              .newTransformerHandler();
      serializer.setResult(new StreamResult(bytes));
      new IrXml(serializer).net(name, graph, info);
    } catch (TransformerConfigurationException | SAXException e) {
      throw new IllegalStateException("an XML document in memory cannot fail", e);
    }
    return bytes.toByteArray();
  }

  private void net(String name, Ir graph, Map<String, ?> info) throws SAXException {
    out.startDocument();
    start("net", "name", name, "version", "11");
    start("layers");
    for (int id = 0; id < graph.layers().size(); id++) {
      layer(id, graph.layers().get(id));
    }
    end("layers");
    start("edges");
    for (int id = 0; id < graph.layers().size(); id++) {
      edges(id, graph.layers().get(id));
    }
    end("edges");
    start("rt_info");
    info(info);
    end("rt_info");
    end("net");
    out.endDocument();
  }

  private void layer(int id, Ir.Layer layer) throws SAXException {
    line();
    start(
        "layer",
        "id",
        Integer.toString(id),
        "name",
        layer.name(),
        "type",
        layer.type(),
        "version",
        layer.opset());
    if (!layer.attributes().isEmpty()) {
      empty("data", flat(layer.attributes()));
    }
    if (layer.decompression()) {
      start("rt_info");
      empty("attribute", "name", "decompression", "version", "0");
      end("rt_info");
    }
    if (!layer.inputs().isEmpty()) {
      start("input");
      for (int i = 0; i < layer.inputs().size(); i++) {
        port(i, layer.inputs().get(i).type(), null);
      }
      end("input");
    }
    if (!layer.outputs().isEmpty()) {
      start("output");
      for (int i = 0; i < layer.outputs().size(); i++) {
        port(layer.inputs().size() + i, layer.outputs().get(i), i == 0 ? layer.names() : null);
      }
      end("output");
    }
    end("layer");
  }

  private void port(int id, Type type, String names) throws SAXException {
    String number = Integer.toString(id);
    if (names == null) {
      empty("port", "id", number, "precision", type.port());
    } else {
      empty("port", "id", number, "precision", type.port(), "names", names);
    }
  }

  private void edges(int id, Ir.Layer layer) throws SAXException {
    for (int i = 0; i < layer.inputs().size(); i++) {
      Ir.Out from = layer.inputs().get(i);
      line();
      empty(
          "edge",
          "from-layer",
          Integer.toString(from.layer()),
          "from-port",
          Integer.toString(from.port()),
          "to-layer",
          Integer.toString(id),
          "to-port",
          Integer.toString(i));
    }
  }

  private void info(Map<String, ?> values) throws SAXException {
    for (Map.Entry<String, ?> entry : values.entrySet()) {
      if (entry.getValue() instanceof Map<?, ?> nested) {
        start(entry.getKey());
        @SuppressWarnings("unchecked")
        Map<String, ?> inner = (Map<String, ?>) nested;
        info(inner);
        end(entry.getKey());
      } else {
        empty(entry.getKey(), "value", String.valueOf(entry.getValue()));
      }
    }
  }

  private static String[] flat(Map<String, String> attributes) {
    return attributes.entrySet().stream()
        .flatMap(entry -> Stream.of(entry.getKey(), entry.getValue()))
        .toArray(String[]::new);
  }

  /** Begins an element; names and values of its attributes take turns. */
  private void start(String name, String... attributes) throws SAXException {
    AttributesImpl list = new AttributesImpl();
    for (int i = 0; i < attributes.length; i += 2) {
      list.addAttribute("", attributes[i], attributes[i], "CDATA", attributes[i + 1]);
    }
    out.startElement("", name, name, list);
  }

  private void end(String name) throws SAXException {
    out.endElement("", name, name);
  }

  private void empty(String name, String... attributes) throws SAXException {
    start(name, attributes);
    end(name);
  }

  private void line() throws SAXException {
    out.characters(new char[] {'\n'}, 0, 1);
  }
}

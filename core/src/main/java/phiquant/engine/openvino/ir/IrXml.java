package phiquant.engine.openvino.ir;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a graph as an IR's XML, version 11: layers, edges, run-time information. Ports carry types
 * but no dimensions; the engine infers those. Source: OpenVINO's {@code xml_serialize_util.cpp} and
 * the schema of its documentation, "OpenVINO IR format".
 *
 * <p>The text is put together here because the JDK's writers cost a second before they are compiled
 * (SAX) or leave line breaks in attributes as they are (StAX), which every reader turns into
 * spaces: chat templates would be spoilt.
 */
public final class IrXml {
  private final StringBuilder out = new StringBuilder();

  private IrXml() {}

  /**
   * The file's bytes.
   *
   * @param info run-time information: values are texts or nested maps
   */
  public static byte[] write(String name, Ir graph, Map<String, ?> info) {
    IrXml xml = new IrXml();
    xml.net(name, graph, info);
    return xml.out.toString().getBytes(StandardCharsets.UTF_8);
  }

  private void net(String name, Ir graph, Map<String, ?> info) {
    out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
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
  }

  private void layer(int id, Ir.Layer layer) {
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
      out.append("<data");
      // In the order of names: that of Map.of changes from one JVM to the next.
      new TreeMap<>(layer.attributes()).forEach(this::attribute);
      out.append("/>");
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

  private void port(int id, Type type, String names) {
    String number = Integer.toString(id);
    if (names == null) {
      empty("port", "id", number, "precision", type.port());
    } else {
      empty("port", "id", number, "precision", type.port(), "names", names);
    }
  }

  private void edges(int id, Ir.Layer layer) {
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

  private void info(Map<String, ?> values) {
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

  /** Begins an element; names and values of its attributes take turns. */
  private void start(String name, String... attributes) {
    open(name, attributes);
    out.append('>');
  }

  private void end(String name) {
    out.append("</").append(name).append('>');
  }

  private void empty(String name, String... attributes) {
    open(name, attributes);
    out.append("/>");
  }

  private void open(String name, String... attributes) {
    out.append('<').append(name);
    for (int i = 0; i < attributes.length; i += 2) {
      attribute(attributes[i], attributes[i + 1]);
    }
  }

  private void attribute(String name, String value) {
    out.append(' ').append(name).append("=\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      // Readers turn white space but the space itself into spaces, unless it is written so.
      if (c < ' ' || c == '&' || c == '<' || c == '>' || c == '"') {
        out.append("&#").append((int) c).append(';');
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private void line() {
    out.append('\n');
  }
}

package phiquant.target.openvino;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Writes a graph as an IR's XML, version 11: layers, edges, run-time information. Ports carry types
 * but no dimensions; the engine infers those. Source: OpenVINO's {@code xml_serialize_util.cpp} and
 * the schema of its documentation, "OpenVINO IR format".
 */
final class IrXml {
  private IrXml() {}

  /**
   * The file's bytes.
   *
   * @param info run-time information: values are texts or nested maps
   */
  static byte[] write(String name, Ir graph, Map<String, ?> info) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(bytes, "UTF-8");
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeStartElement("net");
      xml.writeAttribute("name", name);
      xml.writeAttribute("version", "11");
      xml.writeStartElement("layers");
      for (int id = 0; id < graph.layers().size(); id++) {
        layer(xml, id, graph.layers().get(id));
      }
      xml.writeEndElement();
      xml.writeStartElement("edges");
      for (int id = 0; id < graph.layers().size(); id++) {
        edges(xml, id, graph.layers().get(id));
      }
      xml.writeEndElement();
      xml.writeStartElement("rt_info");
      info(xml, info);
      xml.writeEndElement();
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("an XML document in memory cannot fail", e);
    }
    return bytes.toString(StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
  }

  private static void layer(XMLStreamWriter xml, int id, Ir.Layer layer) throws XMLStreamException {
    xml.writeCharacters("\n");
    xml.writeStartElement("layer");
    xml.writeAttribute("id", Integer.toString(id));
    xml.writeAttribute("name", layer.name());
    xml.writeAttribute("type", layer.type());
    xml.writeAttribute("version", layer.opset());
    if (!layer.attributes().isEmpty()) {
      xml.writeEmptyElement("data");
      for (Map.Entry<String, String> attribute : layer.attributes().entrySet()) {
        xml.writeAttribute(attribute.getKey(), attribute.getValue());
      }
    }
    if (layer.decompression()) {
      xml.writeStartElement("rt_info");
      xml.writeEmptyElement("attribute");
      xml.writeAttribute("name", "decompression");
      xml.writeAttribute("version", "0");
      xml.writeEndElement();
    }
    if (!layer.inputs().isEmpty()) {
      xml.writeStartElement("input");
      for (int i = 0; i < layer.inputs().size(); i++) {
        port(xml, i, layer.inputs().get(i).type(), null);
      }
      xml.writeEndElement();
    }
    if (!layer.outputs().isEmpty()) {
      xml.writeStartElement("output");
      for (int i = 0; i < layer.outputs().size(); i++) {
        port(xml, layer.inputs().size() + i, layer.outputs().get(i), i == 0 ? layer.names() : null);
      }
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static void port(XMLStreamWriter xml, int id, Type type, String names)
      throws XMLStreamException {
    xml.writeEmptyElement("port");
    xml.writeAttribute("id", Integer.toString(id));
    xml.writeAttribute("precision", type.port());
    if (names != null) {
      xml.writeAttribute("names", names);
    }
  }

  private static void edges(XMLStreamWriter xml, int id, Ir.Layer layer) throws XMLStreamException {
    for (int i = 0; i < layer.inputs().size(); i++) {
      Ir.Out from = layer.inputs().get(i);
      xml.writeCharacters("\n");
      xml.writeEmptyElement("edge");
      xml.writeAttribute("from-layer", Integer.toString(from.layer()));
      xml.writeAttribute("from-port", Integer.toString(from.port()));
      xml.writeAttribute("to-layer", Integer.toString(id));
      xml.writeAttribute("to-port", Integer.toString(i));
    }
  }

  private static void info(XMLStreamWriter xml, Map<String, ?> values) throws XMLStreamException {
    for (Map.Entry<String, ?> entry : values.entrySet()) {
      if (entry.getValue() instanceof Map<?, ?> nested) {
        xml.writeStartElement(entry.getKey());
        @SuppressWarnings("unchecked")
        Map<String, ?> inner = (Map<String, ?>) nested;
        info(xml, inner);
        xml.writeEndElement();
      } else {
        xml.writeEmptyElement(entry.getKey());
        xml.writeAttribute("value", String.valueOf(entry.getValue()));
      }
    }
  }
}

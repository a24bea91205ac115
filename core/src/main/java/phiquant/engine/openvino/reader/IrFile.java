package phiquant.engine.openvino.reader;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import phiquant.UserError;

/**
 * The graph in an IR's XML: layers by number, and who uses whom. Bodies of sub-graphs, port
 * dimensions and run-time information are passed over. The file is untrusted: document types and
 * entities of one's own are refused. Source: OpenVINO's documentation, "OpenVINO IR format".
 *
 * @param path of the file
 * @param layers by number, in the order of the file
 * @param users of each layer, by number
 */
record IrFile(Path path, Map<String, Layer> layers, Map<String, List<String>> users) {
  private static final int DEEPEST = 100;
  private static final int MOST_LAYERS = 1 << 17;

  /**
   * A layer.
   *
   * @param type of the operator: {@code MatMul}, {@code Const}
   * @param attributes of its {@code data}: {@code element_type}, {@code shape}, {@code offset}
   */
  record Layer(String name, String type, Map<String, String> attributes) {}

  /**
   * Reads a graph.
   *
   * @throws UserError if it is not an IR
   */
  static IrFile parse(Path path, byte[] bytes) {
    XMLInputFactory factory = XMLInputFactory.newFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    IrFile ir = new IrFile(path, new LinkedHashMap<>(), new HashMap<>());
    try {
      // Given bytes that are no UTF-8, the JDK's parser would say so on standard error by itself.
      Reader text =
          new InputStreamReader(
              new ByteArrayInputStream(bytes), StandardCharsets.UTF_8.newDecoder());
      XMLStreamReader xml = factory.createXMLStreamReader(text);
      ir.read(xml);
      xml.close();
    } catch (XMLStreamException e) {
      String place = e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNumber();
      throw new UserError(path + place + " is not well-formed XML; the file is damaged.", e);
    }
    return ir;
  }

  /** Those that use a layer; conversions are passed through. */
  List<Layer> usersOf(String id) {
    List<Layer> found = new ArrayList<>();
    for (String user : users.getOrDefault(id, List.of())) {
      Layer layer = layers.get(user);
      if (layer == null) {
        continue;
      }
      if (layer.type().equals("Convert")) {
        for (String next : users.getOrDefault(user, List.of())) {
          if (layers.containsKey(next)) {
            found.add(layers.get(next));
          }
        }
      } else {
        found.add(layer);
      }
    }
    return found;
  }

  private void read(XMLStreamReader xml) throws XMLStreamException {
    List<String> open = new ArrayList<>();
    String id = null;
    while (xml.hasNext()) {
      switch (xml.next()) {
        case XMLStreamConstants.DTD ->
            throw new UserError(path + " has a document type, which no IR has.");
        case XMLStreamConstants.START_ELEMENT -> {
          open.add(xml.getLocalName());
          if (open.size() > DEEPEST || layers.size() > MOST_LAYERS) {
            throw new UserError(path + " has more layers, or deeper ones, than any model.");
          }
          String at = open.size() > 4 ? "" : String.join("/", open);
          switch (at) {
            case "net" -> checkVersion(xml);
            case "net/layers/layer" -> id = layer(xml);
            case "net/layers/layer/data" -> data(xml, id);
            case "net/edges/edge" -> edge(xml);
            default -> {}
          }
        }
        case XMLStreamConstants.END_ELEMENT -> open.remove(open.size() - 1);
        default -> {}
      }
    }
    if (layers.isEmpty()) {
      throw new UserError(path + " is not an OpenVINO IR: it has no layers.");
    }
  }

  private void checkVersion(XMLStreamReader xml) {
    String version = xml.getAttributeValue(null, "version");
    if (!"10".equals(version) && !"11".equals(version)) {
      throw new UserError(
          path + " is an IR of version " + version + "; versions 10 and 11 are supported.");
    }
  }

  private String layer(XMLStreamReader xml) {
    String id = required(xml, "id");
    Layer layer = new Layer(required(xml, "name"), required(xml, "type"), new HashMap<>());
    if (layers.put(id, layer) != null) {
      throw new UserError(path + " has two layers with the number " + id + ".");
    }
    return id;
  }

  private void data(XMLStreamReader xml, String id) {
    Map<String, String> attributes = layers.get(id).attributes();
    for (int i = 0; i < xml.getAttributeCount(); i++) {
      attributes.put(xml.getAttributeLocalName(i), xml.getAttributeValue(i));
    }
  }

  private void edge(XMLStreamReader xml) {
    users
        .computeIfAbsent(required(xml, "from-layer"), unused -> new ArrayList<>())
        .add(required(xml, "to-layer"));
  }

  private String required(XMLStreamReader xml, String attribute) {
    String value = xml.getAttributeValue(null, attribute);
    if (value == null) {
      throw new UserError(
          "%s, line %d: the %s has no %s; the file is damaged."
              .formatted(path, xml.getLocation().getLineNumber(), xml.getLocalName(), attribute));
    }
    return value;
  }
}

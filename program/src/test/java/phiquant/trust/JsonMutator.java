package phiquant.trust;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes one place of a JSON file: a value, a name, an order; what is text afterwards is JSON
 * still, but for a few that are not.
 *
 * @param file its name
 */
record JsonMutator(String file) implements Mutator {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(file);
    if (bytes == null) {
      return;
    }
    try {
      String text = change(JSON.readTree(bytes), input, dice);
      input.files.put(file, text.getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      new BytesMutator(file).mutate(input, dice); // It was broken before.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The changed text of a tree, which is changed too. */
  String change(JsonNode root, Input input, Dice dice) {
    List<ContainerNode<?>> places = new ArrayList<>();
    List<String> paths = new ArrayList<>();
    collect(root, "", places, paths);
    if (places.isEmpty()) {
      return dice.text();
    }
    int chosen = dice.below(places.size());
    String where = file + paths.get(chosen);
    if (dice.oneIn(40)) {
      return spoil(root.toString(), input, dice);
    }
    if (places.get(chosen) instanceof ObjectNode object) {
      changeObject(object, where, input, dice);
    } else if (places.get(chosen) instanceof ArrayNode array) {
      changeArray(array, where, input, dice);
    }
    return root.toString();
  }

  /** All objects and lists, not empty ones; a few of the children of long ones. */
  private static void collect(
      JsonNode node, String path, List<ContainerNode<?>> places, List<String> paths) {
    if (!(node instanceof ContainerNode<?> container) || node.isEmpty()) {
      return;
    }
    places.add(container);
    paths.add(path);
    if (node.isObject()) {
      node.properties()
          .forEach(entry -> collect(entry.getValue(), path + "/" + entry.getKey(), places, paths));
    } else {
      for (int i = 0; i < Math.min(3, node.size()); i++) {
        collect(node.get(i), path + "/" + i, places, paths);
      }
    }
  }

  private static void changeObject(ObjectNode object, String where, Input input, Dice dice) {
    List<String> keys = new ArrayList<>();
    object.fieldNames().forEachRemaining(keys::add);
    String key = dice.pick(keys);
    switch (dice.below(8)) {
      case 0 -> {
        object.remove(key);
        input.changed("%s/%s is missing", where, key);
      }
      case 1 -> {
        String name = dice.text();
        object.set(name, object.remove(key));
        input.changed("%s/%s is named '%s'", where, key, name);
      }
      case 2 -> {
        String other = dice.pick(keys);
        JsonNode value = object.get(key);
        object.set(key, object.get(other).deepCopy());
        object.set(other, value.deepCopy());
        input.changed("%s: %s and %s change places", where, key, other);
      }
      case 3 -> {
        String name = dice.text();
        object.set(name, object.get(key).deepCopy());
        input.changed("%s/%s is there again as '%s'", where, key, name);
      }
      default -> {
        JsonNode value = value(object.get(key), dice);
        object.set(key, value);
        input.changed("%s/%s is %s", where, key, value);
      }
    }
  }

  private static void changeArray(ArrayNode array, String where, Input input, Dice dice) {
    int at = dice.below(array.size());
    switch (dice.below(6)) {
      case 0 -> {
        array.remove(at);
        input.changed("%s/%d is missing", where, at);
      }
      case 1 -> {
        array.insert(at, array.get(at).deepCopy());
        input.changed("%s/%d stands twice", where, at);
      }
      case 2 -> {
        int other = dice.below(array.size());
        JsonNode value = array.get(at);
        array.set(at, array.get(other).deepCopy());
        array.set(other, value.deepCopy());
        input.changed("%s: %d and %d change places", where, at, other);
      }
      case 3 -> {
        array.removeAll();
        input.changed("%s is empty", where);
      }
      default -> {
        JsonNode value = value(array.get(at), dice);
        array.set(at, value);
        input.changed("%s/%d is %s", where, at, value);
      }
    }
  }

  /** Another value where one stood: mostly of the same kind. */
  static JsonNode value(JsonNode before, Dice dice) {
    if (dice.oneIn(5)) {
      return dice.of(
          NODES.nullNode(),
          NODES.booleanNode(dice.oneIn(2)),
          NODES.numberNode(dice.edge(0)),
          NODES.textNode(dice.text()),
          NODES.arrayNode(),
          NODES.objectNode(),
          nested(dice.of(10, 60, 70, 900)),
          NODES.arrayNode().add(before.deepCopy()));
    }
    if (before.isIntegralNumber()) {
      return dice.oneIn(4)
          ? NODES.numberNode(before.asLong() + 0.5)
          : NODES.numberNode(dice.edge(before.asLong()));
    }
    if (before.isNumber()) {
      double number = dice.oneIn(3) ? -before.asDouble() : dice.number();
      // Python writes these words, and JSON has no other way.
      return Double.isFinite(number)
          ? NODES.numberNode(number)
          : NODES.rawValueNode(
              new com.fasterxml.jackson.databind.util.RawValue(Double.toString(number)));
    }
    if (before.isBoolean()) {
      return NODES.booleanNode(!before.asBoolean());
    }
    return NODES.textNode(dice.text());
  }

  private static JsonNode nested(int depth) {
    ArrayNode inner = NODES.arrayNode();
    for (int i = 1; i < depth; i++) {
      inner = NODES.arrayNode().add(inner);
    }
    return inner;
  }

  private String spoil(String text, Input input, Dice dice) {
    int at = dice.below(text.length());
    switch (dice.below(4)) {
      case 0 -> {
        input.changed("%s ends after %d letters", file, at);
        return text.substring(0, at);
      }
      case 1 -> {
        input.changed("%s is followed by more", file);
        return text + text;
      }
      case 2 -> {
        input.changed("%s begins with a byte order mark", file);
        return "\ufeff" + text;
      }
      default -> {
        int comma = Math.max(0, text.indexOf(','));
        input.changed("%s has a name twice", file);
        return text.substring(0, comma) + "," + text.substring(1);
      }
    }
  }
}

package phiquant.engine.gguf.reader;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import phiquant.UserError;
import phiquant.checkpoint.vocabulary.SplitPattern;

/** What tokenizer.json does before merging, for each of llama.cpp's names that Phi models have. */
final class GgufPreTokenizer {
  private GgufPreTokenizer() {}

  static ObjectNode of(GgufFile file) {
    String name = String.valueOf(file.text("tokenizer.ggml.pre"));
    return switch (name) {
      case "smollm" -> {
        ObjectNode digits = JsonNodeFactory.instance.objectNode();
        digits.put("type", "Digits").put("individual_digits", true);
        yield sequence(digits, byteLevel(false, true));
      }
      case "dbrx" -> sequence(split(SplitPattern.CL100K), byteLevel(false, false));
      case "gpt-4o" -> sequence(split(SplitPattern.O200K), byteLevel(false, false));
      case "gpt-2", "phi-2", "default" -> byteLevel(false, true);
      default ->
          throw new UserError(
              file.path() + " splits text by '" + name + "', which phiquant does not know.");
    };
  }

  static ObjectNode byteLevel(boolean prefixSpace, boolean useRegex) {
    ObjectNode step = JsonNodeFactory.instance.objectNode();
    step.put("type", "ByteLevel");
    step.put("add_prefix_space", prefixSpace);
    step.put("trim_offsets", true);
    step.put("use_regex", useRegex);
    return step;
  }

  private static ObjectNode split(String pattern) {
    ObjectNode step = JsonNodeFactory.instance.objectNode();
    step.put("type", "Split");
    step.putObject("pattern").put("Regex", pattern);
    step.put("behavior", "Removed");
    step.put("invert", true);
    return step;
  }

  private static ObjectNode sequence(ObjectNode... steps) {
    ObjectNode sequence = JsonNodeFactory.instance.objectNode();
    sequence.put("type", "Sequence");
    ArrayNode list = sequence.putArray("pretokenizers");
    for (ObjectNode step : steps) {
      list.add(step);
    }
    return sequence;
  }
}

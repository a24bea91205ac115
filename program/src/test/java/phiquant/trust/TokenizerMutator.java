package phiquant.trust;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes a tokenizer.json by what it means: ids that stand twice or nowhere, merges of tokens that
 * are none, steps of other kinds. What of it phiquant lets through reaches the tokenizers library.
 */
record TokenizerMutator() implements Mutator {
  static final String FILE = "tokenizer.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> STEPS =
      List.of(
          "{'type':'Lowercase'}",
          "{'type':'NFC'}",
          "{'type':'NFKC'}",
          "{'type':'StripAccents'}",
          "{'type':'Strip','strip_left':true,'strip_right':true}",
          "{'type':'Prepend','prepend':''}",
          "{'type':'Prepend','prepend':'xy'}",
          "{'type':'Replace','pattern':{'String':''},'content':'x'}",
          "{'type':'Replace','pattern':{'String':'a'},'content':''}",
          "{'type':'Replace','pattern':{'Regex':'a+'},'content':'aa'}",
          "{'type':'Replace','pattern':{'Regex':'('},'content':'aa'}",
          "{'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':true}",
          "{'type':'Whitespace'}",
          "{'type':'WhitespaceSplit'}",
          "{'type':'Digits','individual_digits':true}",
          "{'type':'Punctuation','behavior':'Isolated'}",
          "{'type':'Split','pattern':{'Regex':'\\\\s+'},'behavior':'Isolated','invert':false}",
          "{'type':'Split','pattern':{'Regex':'[a'},'behavior':'Isolated','invert':false}",
          "{'type':'ByteLevel','add_prefix_space':true,'trim_offsets':true,'use_regex':true}",
          "{'type':'ByteFallback'}",
          "{'type':'Fuse'}",
          "{'type':'Strip','content':' ','start':1,'stop':0}",
          "{'type':'Strip','content':' ','start':7,'stop':7}",
          "{'type':'WordPiece','prefix':'##','cleanup':true}",
          "{'type':'BPEDecoder','suffix':'</w>'}",
          "{'type':'Sequence'}",
          "{'type':'Nonsense'}");

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(FILE);
    if (bytes == null) {
      return;
    }
    try {
      if (JSON.readTree(bytes) instanceof ObjectNode tokenizer
          && tokenizer.path("model").path("vocab") instanceof ObjectNode vocabulary
          && !vocabulary.isEmpty()
          && tokenizer.path("model").path("merges") instanceof ArrayNode merges
          && tokenizer.path("added_tokens") instanceof ArrayNode added) {
        change(tokenizer, vocabulary, merges, added, input, dice);
        input.files.put(FILE, tokenizer.toString().getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      new BytesMutator(FILE).mutate(input, dice); // It was broken before.
    }
  }

  private static void change(
      ObjectNode tokenizer,
      ObjectNode vocabulary,
      ArrayNode merges,
      ArrayNode added,
      Input input,
      Dice dice)
      throws IOException {
    List<String> tokens = new ArrayList<>();
    vocabulary.fieldNames().forEachRemaining(tokens::add);
    String token = dice.pick(tokens);
    String other = dice.pick(tokens);
    switch (dice.below(12)) {
      case 0 -> {
        vocabulary.set(token, vocabulary.get(other));
        input.changed("'%s' has the id of '%s'", token, other);
      }
      case 1 -> {
        vocabulary.remove(token);
        input.changed("'%s' is not in the vocabulary", token);
      }
      case 2 -> {
        long id = dice.edge(vocabulary.size());
        vocabulary.put(token, id);
        input.changed("'%s' has the id %d", token, id);
      }
      case 3 -> {
        String name = dice.text();
        vocabulary.set(name, vocabulary.remove(token));
        input.changed("the token '%s' is '%s'", token, name);
      }
      case 4 -> {
        vocabulary.put(dice.text(), vocabulary.size());
        input.changed("there is a token more");
      }
      case 5 -> {
        vocabulary.removeAll();
        input.changed("the vocabulary is empty");
      }
      case 6 -> {
        String merge = dice.of(token + " " + other, token, "", " ", "a b c", dice.text());
        merges.insert(dice.below(merges.size() + 1), merge);
        input.changed("there is the merge '%s'", merge);
      }
      case 7 -> {
        ArrayNode pairs = JSON.createArrayNode();
        for (JsonNode merge : merges) {
          ArrayNode pair = pairs.addArray();
          List.of(merge.asText().split(" ")).forEach(pair::add);
        }
        merges.removeAll().addAll(pairs);
        input.changed("merges are pairs");
      }
      case 8, 9 -> {
        String place = dice.of("normalizer", "pre_tokenizer", "decoder", "post_processor");
        JsonNode step = JSON.readTree(dice.pick(STEPS).replace('\'', '"'));
        JsonNode before = tokenizer.path(place);
        if (dice.oneIn(2) && before.isObject()) {
          String list =
              place.equals("normalizer")
                  ? "normalizers"
                  : place.equals("decoder") ? "decoders" : "pretokenizers";
          ObjectNode sequence = JSON.createObjectNode().put("type", "Sequence");
          sequence.putArray(list).add(before).add(step);
          step = sequence;
        }
        tokenizer.set(place, step);
        input.changed("the %s is %s", place, step);
      }
      default -> {
        ObjectNode extra =
            added.isEmpty() ? added.addObject() : (ObjectNode) dice.pick(toList(added));
        if (dice.oneIn(2)) {
          extra.put("id", dice.edge(extra.path("id").asLong()));
        } else {
          extra.put("content", dice.oneIn(3) ? token : dice.text());
        }
        if (dice.oneIn(4)) {
          added.add(extra.deepCopy());
        }
        input.changed("there is the added token %s", extra);
      }
    }
  }

  private static List<JsonNode> toList(ArrayNode array) {
    List<JsonNode> list = new ArrayList<>();
    array.forEach(list::add);
    return list;
  }
}

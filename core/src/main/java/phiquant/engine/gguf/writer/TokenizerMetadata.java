package phiquant.engine.gguf.writer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.vocabulary.ChatTemplates;

/**
 * The {@code tokenizer.*} keys: kind, pre-tokenizer, tokens, types, scores or merges, ids of
 * special tokens, what is added to a text, chat template. Source: {@code Phi3MiniModel.set_vocab}
 * of llama.cpp's converter and {@code SpecialVocab} in gguf-py's vocab.py.
 */
final class TokenizerMetadata {
  private static final String[] SPECIAL = {"bos", "eos", "unk", "sep", "pad", "cls", "mask"};

  private static final Map<String, String> ID_KEYS =
      Map.of(
          "bos", "bos_token_id",
          "eos", "eos_token_id",
          "unk", "unknown_token_id",
          "sep", "seperator_token_id",
          "pad", "padding_token_id",
          "cls", "cls_token_id",
          "mask", "mask_token_id");

  private final Map<String, MetadataValue> keys = new LinkedHashMap<>();
  private final TokenizerFiles files;
  private final int size;

  private TokenizerMetadata(TokenizerFiles files, int size) {
    this.files = files;
    this.size = size;
  }

  /**
   * The keys in the order of the file.
   *
   * @param size the model's number of tokens
   */
  static Map<String, MetadataValue> of(TokenizerFiles files, int size) {
    TokenizerMetadata metadata = new TokenizerMetadata(files, size);
    boolean sentencePiece = PreTokenizerName.isSentencePiece(files.tokenizer());
    metadata.vocabulary(sentencePiece);
    metadata.specialTokens();
    metadata.added();
    metadata.chatTemplate();
    return metadata.keys;
  }

  private void vocabulary(boolean sentencePiece) {
    Vocabulary vocabulary =
        sentencePiece ? Vocabulary.sentencePiece(files, size) : Vocabulary.byteLevel(files, size);
    put("ggml.model", new MetadataValue.Text(sentencePiece ? "llama" : "gpt2"));
    String pre =
        sentencePiece ? "default" : PreTokenizerName.name(files.tokenizer(), files.checkpoint());
    put("ggml.pre", new MetadataValue.Text(pre));
    put("ggml.tokens", new MetadataValue.Texts(Arrays.asList(vocabulary.tokens())));
    if (sentencePiece) {
      put("ggml.scores", new MetadataValue.Floats(vocabulary.scores()));
    }
    put("ggml.token_type", new MetadataValue.Ints(vocabulary.types()));
    if (!sentencePiece) {
      put("ggml.merges", new MetadataValue.Texts(files.merges()));
    }
  }

  /** tokenizer_config.json names them; config.json gives the ids of those that it does not name. */
  private void specialTokens() {
    for (String type : SPECIAL) {
      JsonNode entry = files.config().path(type + "_token");
      String content = entry.isObject() ? entry.path("content").asText() : entry.asText(null);
      if (!entry.isMissingNode() && content != null) {
        files.added().stream()
            .filter(token -> token.content().equals(content))
            .findFirst()
            .ifPresent(token -> specialToken(type, token.id()));
      }
    }
    for (String type : SPECIAL) {
      JsonNode id = files.checkpoint().config().path(type + "_token_id");
      if (id.canConvertToInt()) {
        specialToken(type, id.asInt());
      }
    }
  }

  private void specialToken(String type, int id) {
    if (id >= 0 && id < size) {
      keys.putIfAbsent("tokenizer.ggml." + ID_KEYS.get(type), new MetadataValue.U32(id));
    }
  }

  /** Whether a beginning or end token is added: a post-processor decides, then the config. */
  private void added() {
    Map<String, Boolean> add = new LinkedHashMap<>();
    JsonNode post = files.tokenizer().path("post_processor");
    Iterable<JsonNode> steps =
        post.has("processors") ? post.path("processors") : () -> List.of(post).iterator();
    for (JsonNode step : steps) {
      String type = step.path("type").asText();
      if (type.equals("ByteLevel")) {
        add.putIfAbsent("bos", false);
        add.putIfAbsent("eos", false);
      } else if (type.equals("TemplateProcessing") && step.path("single").size() > 1) {
        template(step.path("single"), add);
      }
    }
    boolean addsNothing = post.path("single").size() == 1 && add.isEmpty();
    for (String type : SPECIAL) {
      JsonNode stated = files.config().path("add_" + type + "_token");
      if (stated.isBoolean()) {
        add.putIfAbsent(type, stated.asBoolean());
      }
    }
    if (addsNothing) {
      // transformers 5 does not save what the post-processor says; llama.cpp would add a beginning.
      add.putIfAbsent("bos", false);
      add.putIfAbsent("eos", false);
    }
    add.forEach((type, value) -> put("ggml.add_" + type + "_token", new MetadataValue.Bool(value)));
  }

  private void template(JsonNode single, Map<String, Boolean> add) {
    JsonNode first = single.path(0).path("SpecialToken").path("id");
    if (first.isTextual()) {
      add.put("bos", first.asText().equals(files.config().path("bos_token").asText()));
    }
    JsonNode last = single.path(single.size() - 1).path("SpecialToken").path("id");
    if (last.isTextual()) {
      add.put("eos", last.asText().equals(files.config().path("eos_token").asText()));
    }
  }

  /** The one that counts, after those for special uses, each under its name. */
  private void chatTemplate() {
    ChatTemplates templates = ChatTemplates.of(files.checkpoint());
    List<String> names = new ArrayList<>();
    templates
        .named()
        .forEach(
            (name, template) -> {
              String plain = name.replaceAll("[^A-Za-z0-9]", "_");
              if (!plain.isEmpty()) {
                names.add(plain);
                put("chat_template." + plain, new MetadataValue.Text(template));
              }
            });
    if (!names.isEmpty()) {
      put("chat_templates", new MetadataValue.Texts(names));
    }
    templates
        .chosen()
        .ifPresent(template -> put("chat_template", new MetadataValue.Text(template)));
  }

  private void put(String key, MetadataValue value) {
    keys.put("tokenizer." + key, value);
  }
}

package phiquant;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathFactory;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CompanionFiles;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.OddCheckpoints;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.tokenizer.ChatTemplate;
import phiquant.tokenizer.Message;
import phiquant.tokenizer.Tokenizer;

/**
 * Tokenizers and chat templates as people have them: what fine-tunes, other writers and uploads
 * left of those that were released comes out right in every target, or one line says what is wrong.
 */
class OddTokenizersTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<Message> CONVERSATION =
      List.of(
          Message.system("Be brief."),
          Message.user("What is 1 + 1?"),
          Message.assistant("2"),
          Message.user("And 2 + 2?"));

  @TempDir Path folder;

  /** The text is that of transformers 5.24 (engines/chat_template_driver.py). */
  @Test
  @DisplayName(
      "quantize: same weights; run, chat, serve answer; the prompt equals transformers' rendering")
  void aGenerationTagRendersItsContent() throws IOException {
    OddCheckpoints odd = OddCheckpoints.GENERATION_TAG;
    Path checkpoint = odd.in(folder);
    Path made = make(checkpoint, "mlx:4bit", "out");
    Path weights = Path.of("model.safetensors");
    Path base = make(odd.base(), "mlx:4bit", "base");
    assertThat(Files.mismatch(made.resolve(weights), base.resolve(weights))).isEqualTo(-1);
    for (Path place : List.of(checkpoint, made, make(checkpoint, "gguf:Q8_0", "out"))) {
      try (Checkpoint source = Checkpoints.open(place)) {
        assertThat(ChatTemplate.fault(source)).isEmpty();
        assertThat(ChatTemplate.of(source).render(CONVERSATION))
            .isEqualTo(
                "<|im_start|>system<|im_sep|>Be brief.<|im_end|>"
                    + "<|im_start|>user<|im_sep|>What is 1 + 1?<|im_end|>"
                    + "<|im_start|>assistant<|im_sep|>2<|im_end|>"
                    + "<|im_start|>user<|im_sep|>And 2 + 2?<|im_end|>"
                    + "<|im_start|>assistant<|im_sep|>");
      }
    }
  }

  @Test
  @DisplayName(
      "refused by quantize in one line (exit 1):"
          + " the tokenizer has more tokens than the embedding has rows")
  void aTokenizerThatIsLargerThanItsModelIsRefused() throws IOException {
    Path checkpoint = OddCheckpoints.TOKENIZER_LARGER_THAN_MODEL.in(folder);
    for (String target : List.of("gguf:Q8_0", "onnx:int4", "openvino:int8", "mlx:4bit")) {
      assertThatThrownBy(() -> make(checkpoint, target, "out"))
          .isInstanceOf(UserError.class)
          .hasMessageMatching(
              ".*tokenizer\\.json gives the token .*they do not belong together\\.");
    }
    assertThat(folder.resolve("out")).doesNotExist();
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      assertThatThrownBy(() -> Tokenizer.of(source))
          .as("as run says it")
          .isInstanceOf(UserError.class)
          .hasMessageContaining("they do not belong together");
    }
  }

  @Test
  @DisplayName("same as base: whether a BOS is added follows from tokenizer.json's post-processor")
  void whatAnotherSaveLeftOutIsReadFromTheTokenizer() throws IOException {
    OddCheckpoints odd = OddCheckpoints.SAVED_AGAIN_WITHOUT_ADD_BOS_TOKEN;
    // Called as the base is, for a GGUF carries its model's name.
    Path checkpoint = odd.in(folder, odd.base().getFileName().toString());
    Path made = make(checkpoint, "gguf:BF16", "out");
    assertThat(Files.mismatch(made, make(odd.base(), "gguf:BF16", "base")))
        .as("first byte of the GGUF that differs")
        .isEqualTo(-1);
    assertThat(logits(checkpoint)).containsExactly(logits(odd.base()), within());
  }

  @Test
  @DisplayName("chat_template.jinja wins in every target; one line says that the two differ")
  void ofTwoChatTemplatesTheFileOfItsOwnWins() throws Exception {
    Path checkpoint = OddCheckpoints.TWO_CHAT_TEMPLATES.in(folder);
    String right = Files.readString(checkpoint.resolve("chat_template.jinja"));
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      assertThat(Quantize.of(source).notices())
          .singleElement(STRING)
          .contains("chat_template.jinja and the chat_template of tokenizer_config.json differ");
    }
    for (String target : List.of("onnx:int4", "openvino:int8", "mlx:4bit", "safetensors:bf16")) {
      Path made = make(checkpoint, target, "out");
      assertThat(made.resolve("chat_template.jinja")).as(target).hasContent(right);
      JsonNode config = JSON.readTree(made.resolve("tokenizer_config.json").toFile());
      assertThat(config.path("chat_template").asText()).as(target).isEqualTo(right);
      if (target.startsWith("openvino")) {
        assertThat(runtimeInfo(made.resolve("openvino_tokenizer.xml"))).isEqualTo(right);
      }
    }
    assertThat(templateOf(make(checkpoint, "gguf:Q8_0", "out"))).isEqualTo(right);
  }

  /** An empty file of its own counts too: there is no template then, whatever others say. */
  @Test
  void anEmptyTemplateFileLeavesNoTemplate() throws Exception {
    Path checkpoint = OddCheckpoints.TWO_CHAT_TEMPLATES.in(folder);
    Files.writeString(checkpoint.resolve("chat_template.jinja"), "");
    for (String target : List.of("onnx:int4", "openvino:int8", "mlx:4bit")) {
      Path made = make(checkpoint, target, "out");
      JsonNode config = JSON.readTree(made.resolve("tokenizer_config.json").toFile());
      assertThat(config.path("chat_template").asText("none")).as(target).isEmpty();
    }
  }

  @Test
  void aTemplateThatGivesNoPromptIsNamedBeforeTheWorkAndHindersNothing() throws IOException {
    Path checkpoint = OddCheckpoints.GENERATION_TAG.in(folder);
    Files.writeString(
        checkpoint.resolve("tokenizer_config.json"), "{\"chat_template\": \"{% include 'a' %}\"}");
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      Quantize quantize = Quantize.of(source).to("gguf:BF16");
      assertThat(quantize.notices())
          .singleElement(STRING)
          .contains("the tag 'include' in line 1 is not supported")
          .contains("Only --raw prompts");
      assertThat(quantize.plan()).hasSize(1);
    }
  }

  /**
   * The files that transformers 5.24 saves a tokenizer in, with what it changes (seen with {@code
   * AutoTokenizer.from_pretrained(…).save_pretrained(…)}): merges are pairs, the template has a
   * file of its own, and three files and most keys are gone.
   */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4", "phi-4-mini"})
  void aSaveByTransformers5TellsEnginesTheSameFacts(String kind) throws IOException {
    Path base = Fixtures.tiny(kind);
    Path again = Files.createDirectories(folder.resolve("again").resolve(base.getFileName()));
    for (String file : List.of("config.json", "generation_config.json", "model.safetensors")) {
      Files.createSymbolicLink(again.resolve(file), base.resolve(file));
    }
    ObjectNode config = json(base.resolve("tokenizer_config.json"));
    Files.writeString(
        again.resolve("chat_template.jinja"), config.remove("chat_template").asText());
    config.remove(List.of("add_bos_token", "add_eos_token", "added_tokens_decoder"));
    config.put("backend", "tokenizers").put("tokenizer_class", "TokenizersBackend");
    Files.writeString(again.resolve("tokenizer_config.json"), config.toString());
    ObjectNode tokenizer = json(base.resolve("tokenizer.json"));
    ObjectNode model = (ObjectNode) tokenizer.path("model");
    ArrayNode pairs = JSON.createArrayNode();
    for (JsonNode merge : model.path("merges")) {
      String[] pair = merge.asText().split(" ");
      pairs.addArray().add(pair[0]).add(pair[1]);
    }
    model.put("ignore_merges", false).set("merges", pairs);
    Files.writeString(again.resolve("tokenizer.json"), tokenizer.toString());
    assertThat(facts(again)).containsExactlyInAnyOrderEntriesOf(facts(base));
  }

  private static ObjectNode json(Path file) throws IOException {
    return (ObjectNode) JSON.readTree(file.toFile());
  }

  /** What engines are told beside weights: hashes of all that is not a copy of the tokenizer's. */
  private static Map<String, String> facts(Path checkpoint) {
    Map<String, String> facts = new TreeMap<>();
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      for (ArtifactPlan plan :
          Quantize.of(source).to("gguf:BF16").to("onnx:int4").to("openvino:int8").plan()) {
        for (PlannedFile file : plan.files()) {
          if (!CompanionFiles.TOKENIZER.contains(file.path())) {
            for (PlannedFile.Fixed fixed : file.fixed()) {
              facts.put(
                  plan.target() + " " + file.path() + " " + fixed.offset(),
                  HexFormat.of().formatHex(sha256(fixed.bytes())));
            }
          }
        }
      }
    }
    return facts;
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String runtimeInfo(Path xml) throws Exception {
    return XPathFactory.newInstance()
        .newXPath()
        .evaluate(
            "/net/rt_info/chat_template/@value",
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(xml.toFile()));
  }

  /** A key, the number of its type (8: a text), a length in eight bytes, the text. */
  private static String templateOf(Path gguf) throws IOException {
    byte[] head = Files.readAllBytes(gguf);
    String key = "tokenizer.chat_template";
    int at = new String(head, ISO_8859_1).indexOf(key);
    ByteBuffer value = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    value.position(at + key.length());
    assertThat(value.getInt()).isEqualTo(8);
    byte[] text = new byte[Math.toIntExact(value.getLong())];
    value.get(text);
    return new String(text, UTF_8);
  }

  private Path make(Path checkpoint, String target, String out) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).to(target).into(folder.resolve(out)).get(0);
    }
  }

  private static float[] logits(Path checkpoint) {
    int[] tokens = {1, 319, 1243, 29871, 13};
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(checkpoint), RunOptions.exact())) {
      return model.logits(tokens, model.cache(tokens.length));
    }
  }

  private static Offset<Float> within() {
    return Offset.offset(1e-4f);
  }
}

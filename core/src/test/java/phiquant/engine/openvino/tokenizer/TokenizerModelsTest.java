package phiquant.engine.openvino.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.PlannedFile;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** What the tokenizers' models say about themselves, and which tokenizers are refused. */
class TokenizerModelsTest {
  /** The ids and the chat template that GenAI reads, line breaks and quotes included. */
  @ParameterizedTest
  @CsvSource({
    "smolphi-wide, ''",
    "tiny-phi-3.5-mini, -phi-3",
    "tiny-phi-4, -phi-4",
    "tiny-phi-4-mini, -phi-4-mini",
  })
  void runtimeInfoEqualsThePeers(String model, String kind) throws IOException {
    Path folder =
        model.equals("smolphi-wide")
            ? Fixtures.smolPhiWide()
            : Fixtures.tiny(model.substring("tiny-".length()));
    List<PlannedFile> files;
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      files = TokenizerModels.of(checkpoint).files();
    }
    for (PlannedFile file : files) {
      if (file.path().endsWith(".xml")) {
        String golden = file.path().replace(".xml", kind + ".xml.gz");
        Map<String, String> theirs = info(Golden.open(golden));
        assertThat(info(new ByteArrayInputStream(file.fixed().get(0).bytes())))
            .as(golden)
            .isEqualTo(theirs)
            .hasSize(4);
      }
    }
    assertThat(files).hasSize(4);
  }

  private static Map<String, String> info(InputStream xml) throws IOException {
    Map<String, String> info = new TreeMap<>();
    try (xml) {
      NodeList all =
          DocumentBuilderFactory.newDefaultInstance()
              .newDocumentBuilder()
              .parse(xml)
              .getElementsByTagName("*");
      for (int i = 0; i < all.getLength(); i++) {
        Element element = (Element) all.item(i);
        if (element.getTagName().matches("(bos|eos|pad)_token_id|chat_template")) {
          info.put(element.getTagName(), element.getAttribute("value"));
        }
      }
    } catch (javax.xml.parsers.ParserConfigurationException | org.xml.sax.SAXException e) {
      throw new IllegalStateException(e);
    }
    return info;
  }

  /** Whatever might come out otherwise than in tokenizer.json is named instead of written. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"normalizer\": {\"type\": \"NFC\"} | a normalizer NFC",
        "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"} | a pre-tokenizer BertPreTokenizer",
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\w+\"}} | \\w",
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"^a\"}} | '^'",
        "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"a{2}+\"}} | }+",
        "\"post_processor\": {\"type\": \"RobertaProcessing\"} | RobertaProcessing",
        "\"decoder\": {\"type\": \"WordPiece\"} | a decoder WordPiece",
        "\"added_tokens\": [{\"id\": 1, \"content\": \"b\", \"single_word\": true}] | token 'b'",
        "\"model\": {\"type\": \"Unigram\"} | a model Unigram",
        "\"model\": {\"type\": \"BPE\"} | an empty vocabulary",
        "\"model\": {\"type\": \"BPE\", \"ignore_merges\": true} | 'ignore_merges'",
        "\"model\": {\"type\": \"BPE\", \"dropout\": 0.1} | 'dropout'",
        "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}} | the id -1",
        "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 2000000000}} | the id 2000000000",
        "\"model\": {\"vocab\": {\"c\": 0}, \"merges\": [\"a b\"]} | a merge of 'a' and 'b'",
        "\"model\": {\"vocab\": {\"c\": 0}, \"merges\": [\"ab\"]} | a merge of one part",
        "\"model\": {\"vocab\": {\"c\": 0}, \"byte_fallback\": true} | 0 of 256 bytes",
      })
  void whatCannotBeExpressedIsNamed(String json, String says) throws IOException {
    String model = json.contains("model") ? "" : ", \"model\": {\"vocab\": {\"a\": 0}}";
    TokenizerModels models =
        TokenizerModels.of(new Files(Map.of("tokenizer.json", "{" + json + model + "}")));
    assertThat(models.files()).isEmpty();
    assertThat(models.note().orElseThrow())
        .contains("OpenVINO has no operators for")
        .contains(says);
  }

  @Test
  void aPhi2IsWrittenWithoutATokenizerThatItsEngineDoesNotBear() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-2"))) {
      TokenizerModels models = TokenizerModels.of(checkpoint);
      assertThat(models.files()).isEmpty();
      assertThat(models.note().orElseThrow()).contains("Phi-2");
    }
  }

  @Test
  void withoutTokenizerJsonTheNoteSaysSo() {
    assertThat(TokenizerModels.of(new Files(Map.of())).note().orElseThrow())
        .contains("there is no tokenizer.json");
  }

  /** A quoted text matches itself and nothing else, by Java's own pattern engine. */
  @Property(tries = 300)
  void quotedTextMatchesItself(@ForAll String text) {
    Pattern pattern = Pattern.compile(Regex.quote(text));
    assertThat(pattern.matcher(text).matches()).isTrue();
    assertThat(pattern.matcher(text + "x").matches()).isFalse();
  }

  /** A checkpoint of companion files only. */
  private record Files(Map<String, String> texts) implements Checkpoint {
    @Override
    public Path path() {
      return Path.of("model");
    }

    @Override
    public ObjectNode config() {
      return JsonNodeFactory.instance.objectNode();
    }

    @Override
    public Map<String, StoredTensor> tensors() {
      return Map.of();
    }

    @Override
    public Optional<byte[]> file(String name) {
      return Optional.ofNullable(texts.get(name))
          .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {}
  }
}

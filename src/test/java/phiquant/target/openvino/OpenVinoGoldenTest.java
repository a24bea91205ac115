package phiquant.target.openvino;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.checkpoint.MappedFile;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.target.TargetSpec;
import phiquant.target.Targets;

/** Codes, zero points and scales against those in the IR that optimum and NNCF wrote. */
class OpenVinoGoldenTest {
  @TempDir Path out;

  /** Every compressed constant is equal, and so the choice of 4-bit layers is too. */
  @ParameterizedTest
  @CsvSource({
    "'openvino:int4,sym,ratio=0.6', openvino-wide-int4",
    "openvino:int8, openvino-wide-int8"
  })
  void constantsEqualNncfs(String spec, String golden) throws Exception {
    Path folder;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiWide())) {
      folder = Quantize.of(checkpoint).to(spec).into(out).get(0);
    }
    Map<String, Element> ours = constants(folder.resolve("openvino_model.xml"));
    int compared = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bin = MappedFile.map(folder.resolve("openvino_model.bin"), arena);
      for (JsonNode theirs : Golden.json(golden).path("constants")) {
        String name = theirs.path("name").asText();
        if (!name.contains("._openvino_orig_weight")) {
          continue;
        }
        String own = name.replaceFirst("^self\\.", "").replace("._openvino_orig_weight", ".weight");
        Element data = ours.get(own);
        assertThat(data).as(own).isNotNull();
        assertThat(data.getAttribute("element_type"))
            .as(own)
            .isEqualTo(theirs.path("element_type").asText());
        long offset = Long.parseLong(data.getAttribute("offset"));
        long size = Long.parseLong(data.getAttribute("size"));
        assertThat(Golden.sha256(bin.asSlice(offset, size)))
            .as(own)
            .isEqualTo(theirs.path("sha256").asText());
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(290);
  }

  @ParameterizedTest
  @CsvSource({
    "openvino:int3, int4",
    "'openvino:int4,group=100', 'can be 16, 32, 64, 128, 256 or row'",
    "'openvino:int4,ratio=2', 'from 0 to 1'",
    "'openvino:int4,ratio=0.6,layers=auto', 'sets its own'",
    "'openvino:int4,sym,asym', 'not both'",
    "'openvino:int4,colour=red', 'has no option'",
    "'openvino:fp16,group=64', 'has no option'",
    "'openvino:int4,device=tpu', 'cpu, gpu, npu'",
    "'openvino:int4,layers=(', 'pattern'",
  })
  void optionsThatDoNotExistNameThoseThatDo(String spec, String says) {
    assertThatThrownBy(
            () -> {
              try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
                Targets.of(TargetSpec.parse(spec))
                    .plan(phiquant.model.PhiModel.of(checkpoint), "tiny");
              }
            })
        .isInstanceOf(UserError.class)
        .hasMessageContaining(says);
  }

  private static Map<String, Element> constants(Path xml) throws IOException {
    try {
      NodeList layers =
          DocumentBuilderFactory.newDefaultInstance()
              .newDocumentBuilder()
              .parse(Files.newInputStream(xml))
              .getElementsByTagName("layer");
      Map<String, Element> constants = new LinkedHashMap<>();
      for (int i = 0; i < layers.getLength(); i++) {
        Element layer = (Element) layers.item(i);
        if (layer.getAttribute("type").equals("Const")) {
          constants.put(
              layer.getAttribute("name"), (Element) layer.getElementsByTagName("data").item(0));
        }
      }
      return constants;
    } catch (javax.xml.parsers.ParserConfigurationException | org.xml.sax.SAXException e) {
      throw new IllegalStateException(e);
    }
  }
}

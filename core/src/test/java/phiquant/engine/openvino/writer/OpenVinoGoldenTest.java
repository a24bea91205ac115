package phiquant.engine.openvino.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFile;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.TargetSpec;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.model.phi.Family;

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
    assertThat(info(folder.resolve("openvino_model.xml"))).containsAllEntriesOf(info(golden));
  }

  /** How the peer says what it did, and its options for the engine. */
  private static Map<String, String> info(String golden) {
    JsonNode theirs = Golden.json(golden).path("rt_info");
    Map<String, String> info = new LinkedHashMap<>();
    for (JsonNode group :
        List.of(theirs.path("nncf").path("weight_compression"), theirs.path("runtime_options"))) {
      group.properties().forEach(entry -> info.put(entry.getKey(), entry.getValue().asText()));
    }
    // Settings of algorithms that were not used.
    info.remove("advanced_parameters");
    assertThat(info).hasSizeGreaterThan(12);
    return info;
  }

  private static Map<String, String> info(Path xml) throws IOException {
    Map<String, String> info = new LinkedHashMap<>();
    for (String group : List.of("weight_compression", "runtime_options")) {
      NodeList entries = elements(xml, group).item(0).getChildNodes();
      for (int i = 0; i < entries.getLength(); i++) {
        Element entry = (Element) entries.item(i);
        info.put(entry.getTagName(), entry.getAttribute("value"));
      }
    }
    return info;
  }

  /** What optimum-intel reads says the same as what NNCF writes. */
  @Test
  void openvinoConfigNamesTheCompression() throws IOException {
    JsonNode golden = Golden.json("openvino_config");
    JsonNode ours = config("openvino:int4,sym,ratio=0.6");
    JsonNode quantization = ours.path("quantization_config");
    assertThat(ours.path("save_onnx_model")).isEqualTo(golden.path("save_onnx_model"));
    assertThat(quantization.path("quant_method"))
        .isEqualTo(golden.path("quantization_config").path("default_config").path("quant_method"));
    JsonNode asked =
        Golden.json("openvino-wide-int4").path("rt_info").path("nncf").path("weight_compression");
    assertThat(quantization.path("group_size").asText())
        .isEqualTo(asked.path("group_size").asText());
    assertThat(quantization.path("ratio").asText()).isEqualTo(asked.path("ratio").asText());
    assertThat(quantization.path("sym").asBoolean()).isTrue();
    assertThat(quantization.path("bits").asInt()).isEqualTo(4);
    assertThat(config("openvino:fp16").has("quantization_config")).isFalse();
  }

  private static JsonNode config(String spec) throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
      for (PlannedFile file : plan(checkpoint, spec).files()) {
        if (file.path().equals("openvino_config.json")) {
          return new ObjectMapper().readTree(file.fixed().get(0).bytes());
        }
      }
    }
    throw new AssertionError("no openvino_config.json");
  }

  /** 128 does not divide 576; where NNCF's group is adjusted, it becomes 64. */
  @Test
  void groupsThatDoNotDivideARowAreReplacedAsAskedFor() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhi135m())) {
      String gateUp = "model.layers.3.mlp.gate_up_proj.weight";
      assertThat(formats(plan(checkpoint, "openvino:int4,sym,group=128")))
          .contains(gateUp + "int4 sym g64");
      ArtifactPlan ignored =
          plan(checkpoint, "openvino:int4,sym,group=128,group-size-fallback=ignore");
      assertThat(formats(ignored)).contains(gateUp + "int8 asym row");
      assertThat(ignored.notes()).anyMatch(note -> note.contains("has 8 bits"));
      assertThatThrownBy(
              () -> plan(checkpoint, "openvino:int4,group=128,group-size-fallback=error"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("128 does not divide the 576 columns");
    }
  }

  /** So that several can be made in one pass. */
  @ParameterizedTest
  @CsvSource({
    "openvino:fp16, fp16",
    "openvino:int4, int4",
    "'openvino:int4,group=64', int4",
    "'openvino:int4,sym,group=row', int4-sym-row",
    "'openvino:int4,device=npu', int4-npu",
    "'openvino:int8,sym', int8-sym",
    "openvino:mxfp4, mxfp4",
    "openvino:cookbook, int4-sym-r0.6",
    "openvino:cookbook-vision, int4-sym-g64-r0.6",
  })
  void namesTellArtifactsApart(String spec, String name) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
      assertThat(plan(checkpoint, spec).name()).isEqualTo("tiny-openvino-" + name);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'openvino:int4,sym=false,all-layers=false', 'openvino:int4'",
    "'openvino:int4,sym=True', 'openvino:int4,sym'",
    "'openvino:cookbook,sym=false', 'openvino:int4,group=128,ratio=0.6'",
  })
  void flagsMayHaveAValue(String valued, String plain) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
      assertThat(formats(plan(checkpoint, valued))).isEqualTo(formats(plan(checkpoint, plain)));
    }
  }

  /** The commands of Microsoft's Phi cookbook, under names. */
  @ParameterizedTest
  @CsvSource({
    "openvino:cookbook, 'openvino:int4,group=128,ratio=0.6,sym'",
    "openvino:cookbook-vision, 'openvino:int4,group=64,ratio=0.6,sym'",
    "'openvino:cookbook,group=32', 'openvino:int4,group=32,ratio=0.6,sym'",
  })
  void recipesAreNamesForOptions(String recipe, String options) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
      assertThat(formats(plan(checkpoint, recipe))).isEqualTo(formats(plan(checkpoint, options)));
    }
  }

  /** A part that sees has 8 bits beside codes, as the peer's has, if nothing else is asked for. */
  @ParameterizedTest
  @CsvSource({
    "openvino:int4, int4, int8 asym row",
    "openvino:cookbook-vision, int4-sym-g64-r0.6, int8 asym row",
    "'openvino:int4,vision=fp16', int4-vision-fp16, f16",
    "openvino:int8, int8, int8 asym row",
    "openvino:fp16, fp16, f16",
    "'openvino:fp16,vision=fp32', fp16-vision-fp32, f32",
    "openvino:fp32, fp32, f32",
  })
  void whatSeesHasItsOwnPrecision(String spec, String name, String format) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35VisionCut())) {
      ArtifactPlan plan = plan(checkpoint, spec);
      assertThat(plan.name()).isEqualTo("tiny-openvino-" + name);
      String layer = "model.vision_embed_tokens.img_processor.vision_model.encoder.layers.1.";
      assertThat(formats(plan))
          .contains(layer + "mlp.fc2.weight" + format)
          .contains(layer + "self_attn.k_proj.weight" + format)
          .contains("model.vision_embed_tokens.img_projection.2.weight" + format)
          .noneMatch(each -> each.contains("encoder.layers.2."));
      assertThat(plan.notes()).anyMatch(note -> note.contains("at most 1.99 times the short one"));
    }
  }

  private static List<String> formats(ArtifactPlan plan) {
    return plan.tensors().stream().map(tensor -> tensor.name() + tensor.format()).toList();
  }

  private static ArtifactPlan plan(Checkpoint checkpoint, String spec) {
    return Engine.target(TargetSpec.parse(spec)).outline(Family.model(checkpoint), "tiny");
  }

  @ParameterizedTest
  @CsvSource({
    "openvino:int3, int4",
    "openvino:int3, cookbook",
    "'openvino:fp32,sym', 'has no option'",
    "'openvino:mxfp4,group=64', 'has no option'",
    "'openvino:int4,group=100', 'can be 16, 32, 64, 128, 256 or row'",
    "'openvino:int4,ratio=2', 'from 0 to 1'",
    "'openvino:int4,ratio=0.6,layers=auto', 'not with layers=auto'",
    "'openvino:int4,ratio=0.6,device=npu', 'not with device=npu'",
    "'openvino:int4,sym,asym', 'not both'",
    "'openvino:int4,colour=red', 'has no option'",
    "'openvino:fp16,group=64', 'has no option'",
    "'openvino:int4,device=tpu', 'cpu, gpu, npu'",
    "'openvino:int4,layers=(', 'pattern'",
    "'openvino:int4,layers=none', 'like model.layers.0.self_attn.qkv_proj.weight'",
    "'openvino:int4,layers=', '''layers'' has no value'",
    "'openvino:int4,sym=perhaps', 'true, false'",
    "'openvino:int4,device=npu,asym', 'always symmetric'",
    "'openvino:int4,vision=int4', 'can be int8, fp16, fp32'",
    "'openvino:int4,vision=fp16', 'is for models that see'",
  })
  void optionsThatDoNotExistNameThoseThatDo(String spec, String says) {
    assertThatThrownBy(
            () -> {
              try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
                plan(checkpoint, spec);
              }
            })
        .isInstanceOf(UserError.class)
        .hasMessageContaining(says);
  }

  private static Map<String, Element> constants(Path xml) throws IOException {
    NodeList layers = elements(xml, "layer");
    Map<String, Element> constants = new LinkedHashMap<>();
    for (int i = 0; i < layers.getLength(); i++) {
      Element layer = (Element) layers.item(i);
      if (layer.getAttribute("type").equals("Const")) {
        constants.put(
            layer.getAttribute("name"), (Element) layer.getElementsByTagName("data").item(0));
      }
    }
    return constants;
  }

  private static NodeList elements(Path xml, String name) throws IOException {
    try {
      return DocumentBuilderFactory.newDefaultInstance()
          .newDocumentBuilder()
          .parse(Files.newInputStream(xml))
          .getElementsByTagName(name);
    } catch (javax.xml.parsers.ParserConfigurationException | org.xml.sax.SAXException e) {
      throw new IllegalStateException(e);
    }
  }
}

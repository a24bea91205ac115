package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.engine.AdapterCase;
import phiquant.engines.Engines;

/** GenAI computes with an adapter beside a model what it computes after merging. */
class OnnxAdapterIT {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"fused", "patterns", "rank-stabilized", "llama", "phi-2", "mixture"})
  void anAdapterBesideTheModelIsAsIfMerged(String name) throws IOException {
    AdapterCase one = AdapterCase.make(name, "onnx:fp32", folder);
    assertThat(one.adapter().getFileName().toString()).isEqualTo("adapter-f32.onnx_adapter");
    float[][] base = logits(one.model());
    float[][] adapted = logits(one.model(), one.adapter());
    float[][] merged = logits(one.merged());
    float changed = AdapterCase.difference(base, merged);
    assertThat(changed).isGreaterThan(0.01f);
    assertThat(AdapterCase.difference(adapted, merged)).isLessThan(1e-3f * changed);
  }

  private static float[][] logits(Path model, Path... adapter) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("adapted", model.toString(), "384", "24"));
    for (Path each : adapter) {
      arguments.add(each.toString());
    }
    String text =
        Engines.run(
            Engines.python("onnx"), "engines/onnx_driver.py", arguments.toArray(String[]::new));
    return new ObjectMapper().readValue(text.strip(), float[][].class);
  }
}

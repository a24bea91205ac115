package phiquant.engine.mlx;

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

/** mlx-lm computes with an adapter beside a model what it computes after merging. */
class MlxAdapterIT {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"fused", "patterns", "rank-stabilized", "llama", "phi-2", "mixture"})
  void anAdapterBesideTheModelIsAsIfMerged(String name) throws IOException {
    AdapterCase one = AdapterCase.make(name, "mlx:fp32", folder);
    float[][] base = logits(one.model());
    float[][] adapted = logits(one.model(), one.adapter());
    float[][] merged = logits(one.merged());
    float changed = AdapterCase.difference(base, merged);
    assertThat(changed).isGreaterThan(0.01f);
    assertThat(AdapterCase.difference(adapted, merged)).isLessThan(1e-3f * changed);
  }

  private static float[][] logits(Path... folders) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("adapted", "24", "384"));
    for (Path each : folders) {
      arguments.add(each.toString());
    }
    String line =
        Engines.run(
                Engines.python("mlx"), "engines/mlx_driver.py", arguments.toArray(String[]::new))
            .strip();
    return new ObjectMapper().readValue(line, float[][].class);
  }
}

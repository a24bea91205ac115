package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.engine.AdapterCase;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;

/** llama.cpp computes with an adapter beside a model what it computes after merging. */
class GgufAdapterIT {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"fused", "patterns", "rank-stabilized", "llama", "phi-2", "mixture"})
  void anAdapterBesideTheModelIsAsIfMerged(String name) throws IOException {
    AdapterCase one = AdapterCase.make(name, "gguf:F32", folder);
    assertThat(one.adapter().getFileName().toString()).isEqualTo("adapter-lora.gguf");
    int[] ids = AdapterCase.ids(24);
    float[][] base;
    float[][] adapted;
    float[][] merged;
    LlamaLibrary llama = LlamaLibrary.open(Engines.llamaLibrary());
    try (LlamaLibrary.Session session = llama.load(one.model(), 64)) {
      base = session.logits(ids);
      session.adapt(one.adapter());
      adapted = session.logits(ids);
    }
    try (LlamaLibrary.Session session = llama.load(one.merged(), 64)) {
      merged = session.logits(ids);
    }
    float changed = AdapterCase.difference(base, merged);
    assertThat(changed).isGreaterThan(0.01f);
    assertThat(AdapterCase.difference(adapted, merged)).isLessThan(1e-3f * changed);
  }
}

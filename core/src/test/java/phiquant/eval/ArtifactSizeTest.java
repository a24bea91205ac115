package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Links, which download caches are made of, count as what they lead to. */
class ArtifactSizeTest {
  @TempDir Path folder;

  @Test
  void linksCountAsWhatTheyLeadTo() throws Exception {
    Path blob = Files.write(folder.resolve("blob"), new byte[1000]);
    Path model = Files.createDirectory(folder.resolve("model"));
    Files.write(model.resolve("config.json"), new byte[10]);
    Files.createSymbolicLink(model.resolve("model.safetensors"), blob);
    Path link = Files.createSymbolicLink(folder.resolve("link"), model);
    assertThat(ArtifactSize.of(model)).isEqualTo(1010);
    assertThat(ArtifactSize.of(link)).isEqualTo(1010);
  }
}

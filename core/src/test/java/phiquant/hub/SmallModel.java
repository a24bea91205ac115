package phiquant.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import phiquant.demo.RandomModel;
import phiquant.fixtures.TensorFile;
import phiquant.fixtures.TensorFile.Tensor;

/** A checkpoint of 30 MB in two shards, with a card: what a repository on the hub looks like. */
final class SmallModel {
  private SmallModel() {}

  static Path write(Path folder) throws IOException {
    RandomModel.write(folder);
    Path whole = folder.resolve("model.safetensors");
    Map<String, Tensor> all = TensorFile.read(whole);
    ObjectNode index = new ObjectMapper().createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    for (int i = 0; i < 2; i++) {
      String shard = "model-%05d-of-00002.safetensors".formatted(i + 1);
      Map<String, Tensor> part = new LinkedHashMap<>();
      int from = i == 0 ? 0 : 9;
      all.entrySet().stream()
          .skip(from)
          .limit(i == 0 ? 9 : all.size())
          .forEach(entry -> part.put(entry.getKey(), entry.getValue()));
      TensorFile.write(folder.resolve(shard), part);
      part.keySet().forEach(name -> map.put(name, shard));
    }
    Files.delete(whole);
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    Files.writeString(folder.resolve("README.md"), "---\nlicense: mit\n---\n# Small\n");
    Files.createDirectory(folder.resolve("figures"));
    Files.writeString(folder.resolve("figures/figure.svg"), "<svg/>");
    return folder;
  }
}

package phiquant.checkpoint.openvino;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CompanionFiles;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.MappedFile;
import phiquant.checkpoint.StoredTensor;

/**
 * A folder with a model as OpenVINO's intermediate representation, seen as a checkpoint of Hugging
 * Face: its constants under their names there. Reads what {@code --to openvino} writes, and what
 * optimum's exporter does.
 */
public final class OpenVinoFolder implements Checkpoint {
  /** The graph's file; its presence makes a folder one of these. */
  public static final String XML = "openvino_model.xml";

  private static final String BIN = "openvino_model.bin";

  private final Path folder;
  private final Arena arena = Arena.ofShared();
  private final ObjectNode config;
  private final Map<String, StoredTensor> tensors;
  private final Map<String, Integer> operators = new TreeMap<>();

  /**
   * Opens a folder.
   *
   * @throws UserError if its files are damaged or do not belong together
   */
  public OpenVinoFolder(Path folder) {
    this.folder = folder;
    try {
      this.config =
          Json.object(
              file("config.json")
                  .orElseThrow(
                      () ->
                          new UserError(
                              folder + " has no config.json.",
                              "Copy it there from the checkpoint that the IR was made of.")),
              folder + "/config.json");
      byte[] xml = file(XML).orElseThrow(() -> new UserError(folder + " has no " + XML + "."));
      IrFile ir = IrFile.parse(folder.resolve(XML), xml);
      this.tensors = IrTensors.of(ir, MappedFile.map(folder.resolve(BIN), arena));
      ir.layers().values().forEach(layer -> operators.merge(layer.type(), 1, Integer::sum));
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  @Override
  public Map<String, Integer> operators() {
    return operators;
  }

  @Override
  public Path path() {
    return folder;
  }

  @Override
  public ObjectNode config() {
    return config;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public Optional<byte[]> file(String name) {
    return CompanionFiles.read(folder, name);
  }

  @Override
  public boolean isQuantized() {
    return tensors.values().stream().anyMatch(CompressedTensor.class::isInstance);
  }

  @Override
  public void close() {
    arena.close();
  }
}

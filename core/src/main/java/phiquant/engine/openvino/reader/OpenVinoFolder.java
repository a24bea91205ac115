package phiquant.engine.openvino.reader;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.CheckpointFolder;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.StoredTensor;

/**
 * A folder with a model as OpenVINO's intermediate representation, seen as a checkpoint of Hugging
 * Face: its constants under their names there. Reads what {@code --to openvino} writes, and what
 * optimum's exporter does.
 */
public final class OpenVinoFolder extends CheckpointFolder {
  /** The graph's file; its presence makes a folder one of these. */
  private static final String XML = "openvino_model.xml";

  private static final String BIN = "openvino_model.bin";

  private final Map<String, StoredTensor> tensors;
  private final Map<String, Integer> operators = new TreeMap<>();

  /**
   * Opens a folder.
   *
   * @throws UserError if its files are damaged or do not belong together
   */
  public OpenVinoFolder(Path folder) {
    super(folder, "Copy it there from the checkpoint that the IR was made of.");
    this.tensors = map(files -> open(folder, files));
  }

  /**
   * Opens a folder that is one of these, given itself or by a file of it.
   *
   * @throws UserError if it is damaged
   */
  public static Optional<OpenVinoFolder> open(Path path) {
    boolean file = path.endsWith(XML) || path.endsWith(BIN);
    Path folder = file && Files.exists(path) ? path.toAbsolutePath().getParent() : path;
    return Files.exists(folder.resolve(XML))
        ? Optional.of(new OpenVinoFolder(folder))
        : Optional.empty();
  }

  private Map<String, StoredTensor> open(Path folder, MappedFiles files) {
    byte[] xml = file(XML).orElseThrow(() -> new UserError(folder + " has no " + XML + "."));
    IrFile ir = IrFile.parse(folder.resolve(XML), xml);
    ir.layers().values().forEach(layer -> operators.merge(layer.type(), 1, Integer::sum));
    return IrTensors.of(ir, files.map(folder.resolve(BIN)));
  }

  @Override
  public Map<String, Integer> operators() {
    return operators;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public boolean isQuantized() {
    return tensors.values().stream().anyMatch(CompressedTensor.class::isInstance);
  }
}

package phiquant.engine.openvino.reader;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.CheckpointFolder;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.openvino.IrFiles;

/**
 * A folder with a model as OpenVINO's intermediate representation, seen as a checkpoint of Hugging
 * Face: its constants under their names there, of all graphs where there are several. Reads what
 * {@code --to openvino} writes, and of models of text what optimum's exporter does.
 */
public final class OpenVinoFolder extends CheckpointFolder {
  private static final String XML = ".xml";
  private static final String BIN = ".bin";

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
    boolean file =
        IrFiles.ALL.stream()
            .anyMatch(name -> path.endsWith(name + XML) || path.endsWith(name + BIN));
    Path folder = file && Files.exists(path) ? path.toAbsolutePath().getParent() : path;
    return Files.exists(folder.resolve(IrFiles.MODEL + XML)) || sees(folder)
        ? Optional.of(new OpenVinoFolder(folder))
        : Optional.empty();
  }

  private static boolean sees(Path folder) {
    return Files.exists(folder.resolve(IrFiles.LANGUAGE + XML));
  }

  private Map<String, StoredTensor> open(Path folder, MappedFiles files) {
    if (!sees(folder)) {
      return open(folder, IrFiles.MODEL, files);
    }
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    for (String name : IrFiles.SEEING) {
      open(folder, name, files).forEach(all::putIfAbsent);
    }
    SeeingTensors.complete(config(), folder, all);
    return all;
  }

  private Map<String, StoredTensor> open(Path folder, String name, MappedFiles files) {
    byte[] xml =
        file(name + XML).orElseThrow(() -> new UserError(folder + " has no " + name + XML + "."));
    IrFile ir = IrFile.parse(folder.resolve(name + XML), xml);
    ir.layers().values().forEach(layer -> operators.merge(layer.type(), 1, Integer::sum));
    return IrTensors.of(ir, files.map(folder.resolve(name + BIN)));
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

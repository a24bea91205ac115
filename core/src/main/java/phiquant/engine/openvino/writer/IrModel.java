package phiquant.engine.openvino.writer;

import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.IrXml;
import phiquant.engine.plan.PlannedFile;

/**
 * One graph of a folder with its weights: two files, XML and .bin. A model of text is one of these,
 * a model that sees is several.
 *
 * @param file the files' name, without an ending
 * @param name what the graph says of itself
 * @param flow that it was written in
 * @param info what else it says, as {@link SelfDescription} has it
 */
record IrModel(String file, String name, IrFlow flow, Map<String, ?> info) {
  /** Its files: the second is the one that weights lie in. */
  List<PlannedFile> files() {
    Ir graph = flow.graph();
    return List.of(
        PlannedFile.whole(file + ".xml", IrXml.write(name, graph, info)),
        new PlannedFile(file + ".bin", graph.bin().size(), graph.bin().fixed()));
  }
}

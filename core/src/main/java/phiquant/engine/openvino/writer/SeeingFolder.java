package phiquant.engine.openvino.writer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import phiquant.UserError;
import phiquant.engine.openvino.IrFiles;
import phiquant.engine.openvino.ir.Type;
import phiquant.engine.openvino.writer.WeightPrecision.Compressed;
import phiquant.engine.openvino.writer.WeightPrecision.Plain;
import phiquant.engine.plan.PlannedFile;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.model.vision.Vision;
import phiquant.picture.CropGrid;
import phiquant.picture.Preprocessing;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.study.InputSquares;

/**
 * What a folder of a model that sees is made of: four models, which OpenVINO GenAI's VLMPipeline
 * finds by their files' names, and how pictures are prepared.
 *
 * @param vision what sees
 * @param options what was asked for
 */
record SeeingFolder(PhiModel model, Vision vision, Options options) {
  /** GenAI refuses what ends a row of image tokens, if it has another size. */
  private static final long FOUR_FEATURES = 4096;

  private static final String PREPROCESSOR = "preprocessor_config.json";

  SeeingFolder {
    long features = vision.rowEnd().tensor().elements();
    if (features != FOUR_FEATURES) {
      throw new UserError(
          "openvino: four of the vision tower's features are %d numbers; OpenVINO GenAI takes %d."
              .formatted(features, FOUR_FEATURES));
    }
  }

  /**
   * Its models; the one with layers that have caches is the first.
   *
   * @param precision of the text part's matrices
   */
  List<IrModel> models(
      Function<Weight, WeightPrecision> precision, InputSquares.Found found, SelfDescription self) {
    List<IrModel> models = new ArrayList<>();
    models.add(
        new IrModel(
            IrFiles.LANGUAGE,
            model.architecture().modelType(),
            TextFlow.ofRows(
                model.network(), model.config(), new WeightStorage(precision, found, 1)),
            self.runtimeInfo()));
    models.add(
        new IrModel(
            IrFiles.TEXT_EMBEDDINGS,
            "text_embeddings",
            TextFlow.table(model.network(), model.config(), new WeightStorage(precision, found, 3)),
            self.origin()));
    models.add(
        new IrModel(
            IrFiles.VISION_EMBEDDINGS,
            "vision_embeddings",
            SightFlow.tower(vision, new WeightStorage(this::precision, found, 5)),
            self.origin()));
    models.add(
        new IrModel(
            IrFiles.VISION_PROJECTION,
            "vision_projection",
            SightFlow.projector(vision, new WeightStorage(this::precision, found, 7)),
            self.origin()));
    return models;
  }

  /** A product's matrix as asked for; the tables of patches and positions are small. */
  private WeightPrecision precision(Weight weight) {
    String asked = options.vision();
    if (asked.equals("int8") && weight.role() != Role.EMBEDDING) {
      return new Compressed(IntegerFormat.INT8_ASYM, Compressed.WHOLE_ROW);
    }
    return new Plain(asked.equals("fp32") ? Type.F32 : Type.F16);
  }

  /** How pictures are prepared: the checkpoint's own file, or what holds where it is silent. */
  PlannedFile preprocessor() {
    return PlannedFile.whole(
        PREPROCESSOR,
        model
            .checkpoint()
            .file(PREPROCESSOR)
            .orElseGet(() -> stated().toPrettyString().getBytes(StandardCharsets.UTF_8)));
  }

  private ObjectNode stated() {
    Preprocessing usual = Preprocessing.of(model.checkpoint());
    ObjectNode stated = JsonNodeFactory.instance.objectNode().put("num_crops", usual.crops());
    ArrayNode means = stated.putArray("image_mean");
    ArrayNode deviations = stated.putArray("image_std");
    for (int color = 0; color < usual.scale().means().length; color++) {
      means.add(usual.scale().means()[color]);
      deviations.add(usual.scale().deviations()[color]);
    }
    return stated;
  }

  /** For which pictures GenAI computes another function: it takes a grid's height for its width. */
  Optional<String> departure() {
    int crops = Preprocessing.of(model.checkpoint()).crops();
    double ratio = CropGrid.squareUpTo(crops);
    return ratio == Double.POSITIVE_INFINITY
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "OpenVINO GenAI 2026.4.1 swaps height and width of a picture's grid of crops, which"
                    + " is right only where the grid is a square: with num_crops %d in %s for"
                    + " pictures whose long side is at most %.2f times the short one.",
                crops,
                PREPROCESSOR,
                Math.floor(100 * ratio) / 100));
  }
}

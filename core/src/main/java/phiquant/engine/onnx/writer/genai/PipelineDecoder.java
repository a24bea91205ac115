package phiquant.engine.onnx.writer.genai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import phiquant.engine.onnx.writer.npu.LayerParts;
import phiquant.engine.onnx.writer.npu.NpuGraphs;
import phiquant.engine.onnx.writer.options.FixedSizes;
import phiquant.model.PhiConfig;

/**
 * The decoder of a model of type {@code decoder-pipeline}: several graphs, one after the other, of
 * which some run for prompts or for single tokens only. Prompts are cut into pieces of one size,
 * the last filled up behind its tokens; the cache is not moved. Source: {@code config.cpp}, {@code
 * decoder_only_pipeline.cpp} and {@code kv_cache.cpp} of ONNX Runtime GenAI 0.18.
 */
final class PipelineDecoder {
  private PipelineDecoder() {}

  /** Makes it of the decoder of a single graph. */
  static void make(ObjectNode decoder, PhiConfig config, FixedSizes sizes, LayerParts parts) {
    decoder.remove("filename");
    ObjectNode inputs = (ObjectNode) decoder.get("inputs");
    inputs.remove("attention_mask");
    inputs.put("past_sequence_length", "past_sequence_length");
    inputs.put("total_sequence_length", "total_sequence_length");
    ObjectNode window = decoder.putObject("sliding_window");
    window.put("window_size", sizes.prompt());
    window.put("alignment", "left");
    window.put("slide_inputs", true);
    window.put("slide_key_value_cache", false);
    // GenAI gives the cache so many places more than a window has; together that is the context.
    window.put("cache_slack", sizes.context(config) - sizes.prompt());
    ObjectNode stages = decoder.putArray("pipeline").addObject();
    List<String> run = List.of(NpuGraphs.EMBEDDED, NpuGraphs.COS, NpuGraphs.SIN, NpuGraphs.MASK);
    List<String> places = List.of(NpuGraphs.START, NpuGraphs.COUNT);
    List<String> past = names(0, config.layers(), NpuGraphs::past);
    List<String> fresh = names(0, config.layers(), NpuGraphs::fresh);
    stage(
        stages,
        "embedding",
        List.of("input_ids", "past_sequence_length", "total_sequence_length"),
        joined(run, places));
    layers(stages, "prompt", parts, "run_on_token_gen");
    layers(stages, "token", parts, "run_on_prompt");
    stage(
        stages,
        "cache",
        joined(List.of(NpuGraphs.STREAM), places, past, fresh),
        joined(List.of(NpuGraphs.LAST), names(0, config.layers(), NpuGraphs::present)));
    stage(stages, "head", List.of(NpuGraphs.LAST), List.of("logits")).put("is_lm_head", true);
  }

  /** One graph, or several that give the stream from one to the next. */
  private static void layers(ObjectNode stages, String name, LayerParts parts, String never) {
    List<String> shared = List.of(NpuGraphs.COS, NpuGraphs.SIN, NpuGraphs.MASK);
    for (int part = 0; part < parts.count(); part++) {
      int first = parts.first(part);
      int end = parts.first(part + 1);
      stage(
              stages,
              parts.name(name, part),
              joined(List.of(parts.input(part)), shared, names(first, end, NpuGraphs::past)),
              joined(List.of(parts.output(part)), names(first, end, NpuGraphs::fresh)))
          .put(never, false);
    }
  }

  private static ObjectNode stage(
      ObjectNode stages, String name, List<String> inputs, List<String> outputs) {
    ObjectNode stage = stages.putObject(name);
    stage.put("filename", name + ".onnx");
    inputs.forEach(stage.putArray("inputs")::add);
    outputs.forEach(stage.putArray("outputs")::add);
    return stage;
  }

  private static List<String> names(int first, int end, BiFunction<Integer, String, String> name) {
    List<String> names = new ArrayList<>();
    for (int layer = first; layer < end; layer++) {
      names.add(name.apply(layer, "key"));
      names.add(name.apply(layer, "value"));
    }
    return names;
  }

  @SafeVarargs
  private static List<String> joined(List<String>... lists) {
    List<String> joined = new ArrayList<>();
    for (List<String> list : lists) {
      joined.addAll(list);
    }
    return joined;
  }
}

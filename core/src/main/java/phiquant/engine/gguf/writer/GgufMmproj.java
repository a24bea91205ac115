package phiquant.engine.gguf.writer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedFile.Fixed;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.model.vision.Siglip;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.study.Findings;

/**
 * What sees, for llama.cpp: the file that it takes beside a text model with {@code --mmproj}.
 * Equals what {@code convert_hf_to_gguf --mmproj --outtype bf16} writes: matrices in 16 bits, all
 * else in 32, tensors by their names in the checkpoint.
 */
final class GgufMmproj implements Target {
  /** Its name among GGUF's types. */
  static final String FORMAT = "mmproj";

  private static final String PREPROCESSOR = "preprocessor_config.json";

  private final String spec;

  private GgufMmproj(String spec) {
    this.spec = spec;
  }

  /**
   * The target.
   *
   * @throws UserError (usage) if there are options
   */
  static GgufMmproj of(TargetSpec spec) {
    if (!spec.options().isEmpty()) {
      throw UserError.usage("gguf:mmproj has no options: matrices are BF16, all else F32.");
    }
    return new GgufMmproj(spec.toString());
  }

  @Override
  public String spec() {
    return spec;
  }

  @Override
  public boolean leavesTowersApart() {
    return true;
  }

  @Override
  public void requireWritten(PhiModel model) {
    if (model.siglip().isEmpty()) {
      throw new UserError(
          "gguf:mmproj: llama.cpp has no tower for a " + model.architecture().className() + ".",
          "It has one for a Phi4ForCausalLMV; gguf:TYPE writes texts.");
    }
  }

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    requireWritten(model);
    Siglip siglip = model.siglip().orElseThrow();
    List<Weight> weights = new ArrayList<>(siglip.weights());
    weights.sort(Comparator.comparing(Weight::name));
    List<GgufHeader.Tensor> infos = new ArrayList<>();
    long offset = 0;
    for (Weight weight : weights) {
      StoredTensor tensor = source(weight, siglip);
      GgmlType type = type(weight);
      infos.add(new GgufHeader.Tensor(name(weight), tensor.shape(), type, offset));
      offset += GgufHeader.aligned(GgmlFormats.of(type).bytes(tensor.elements()));
    }
    byte[] header = GgufHeader.write(metadata(model, siglip), infos);
    List<PlannedTensor> planned = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      long at = header.length + infos.get(i).offset();
      planned.add(planned(infos.get(i), source(weights.get(i), siglip), at));
    }
    String file = "mmproj-" + name + "-" + GgufFileType.BF16 + ".gguf";
    return new ArtifactPlan(
        spec,
        file,
        true,
        List.of(new PlannedFile(file, header.length + offset, List.of(new Fixed(0, header)))),
        planned,
        List.of());
  }

  private static PlannedTensor planned(GgufHeader.Tensor info, StoredTensor tensor, long at) {
    BlockFormat format = GgmlFormats.of(info.type());
    return new PlannedTensor(
        info.name(),
        info.type().name(),
        info.shape(),
        format.bytes(tensor.elements()),
        tensor,
        false,
        new BlockRows(format),
        List.of(new Part(0, at, format.bytes(tensor.columns()))));
  }

  private static boolean isOfPatches(Weight weight) {
    return weight.name().equals(Siglip.TOWER + "embeddings.patch_embedding.weight");
  }

  private static StoredTensor source(Weight weight, Siglip siglip) {
    return isOfPatches(weight)
        ? new PatchKernels(weight.tensor(), siglip.patch())
        : weight.tensor();
  }

  /** What is looked up or convolved stays exact, as in the converter. */
  private static GgmlType type(Weight weight) {
    boolean embeds = weight.name().startsWith(Siglip.TOWER + "embeddings.");
    return embeds || weight.tensor().shape().size() == 1 ? GgmlType.F32 : GgmlType.BF16;
  }

  /** Source: {@code tensor_mapping.py} in gguf-py. */
  private static String name(Weight weight) {
    return weight
        .name()
        .replace(Siglip.PROJECTOR, "mm.")
        .replace(Siglip.TOWER, "v.")
        .replace("v.embeddings.patch_embedding", "v.patch_embd")
        .replace("v.embeddings.position_embedding", "v.position_embd")
        .replace("v.encoder.layers.", "v.blk.")
        .replace(".layer_norm", ".ln")
        .replace(".mlp.fc1.", ".ffn_up.")
        .replace(".mlp.fc2.", ".ffn_down.")
        .replace(".self_attn.out_proj.", ".attn_out.")
        .replaceFirst("\\.self_attn\\.([qkv])_proj\\.", ".attn_$1.");
  }

  /** In the converter's order: {@code MmprojModel} and {@code Phi4VisionMmprojModel}. */
  private static Map<String, MetadataValue> metadata(PhiModel model, Siglip siglip) {
    JsonNode processor = processor(model.checkpoint());
    Map<String, MetadataValue> keys = new LinkedHashMap<>();
    keys.put("general.architecture", new MetadataValue.Text("clip"));
    keys.put("general.type", new MetadataValue.Text("mmproj"));
    keys.putAll(
        GeneralMetadata.of(
            model.checkpoint(), ModelSize.of(siglip.parameters()), Optional.empty()));
    put(keys, "general.file_type", GgufFileType.BF16.id());
    keys.put("clip.has_vision_encoder", new MetadataValue.Bool(true));
    put(keys, "clip.vision.projection_dim", model.config().hidden());
    put(keys, "clip.vision.image_size", siglip.positions() * siglip.patch());
    put(keys, "clip.vision.patch_size", siglip.patch());
    put(keys, "clip.vision.embedding_length", siglip.width());
    put(keys, "clip.vision.feed_forward_length", siglip.wide());
    put(keys, "clip.vision.block_count", siglip.layers());
    put(keys, "clip.vision.attention.head_count", siglip.heads());
    keys.put("clip.vision.image_mean", three(model, processor, "image_mean"));
    keys.put("clip.vision.image_std", three(model, processor, "image_std"));
    keys.put("clip.projector_type", new MetadataValue.Text("phi4"));
    int pixels = siglip.patch() * siglip.patch();
    put(keys, "clip.vision.image_min_pixels", pixels * patches(model, processor, "min"));
    put(keys, "clip.vision.image_max_pixels", pixels * patches(model, processor, "max"));
    keys.put("clip.use_gelu", new MetadataValue.Bool(true));
    keys.put(
        "clip.vision.attention.layer_norm_epsilon",
        new MetadataValue.F32((float) siglip.epsilon()));
    put(keys, "general.quantization_version", 2);
    return keys;
  }

  private static void put(Map<String, MetadataValue> keys, String key, long number) {
    keys.put(key, new MetadataValue.U32(number));
  }

  private static JsonNode processor(Checkpoint checkpoint) {
    return checkpoint
        .file(PREPROCESSOR)
        .<JsonNode>map(bytes -> Json.object(bytes, checkpoint.path() + "/" + PREPROCESSOR))
        .orElse(MissingNode.getInstance());
  }

  private static MetadataValue three(PhiModel model, JsonNode processor, String key) {
    JsonNode numbers = processor.path(key);
    float[] three = new float[3];
    for (int i = 0; i < three.length; i++) {
      three[i] = (float) numbers.path(i).asDouble();
      if (numbers.size() != three.length || !numbers.path(i).isNumber()) {
        throw missing(model, key);
      }
    }
    return new MetadataValue.Floats(three);
  }

  private static int patches(PhiModel model, JsonNode processor, String which) {
    String key = which + "_num_patches";
    int patches = processor.path(key).asInt(model.checkpoint().config().path(key).asInt());
    if (patches < 1 || patches > 1 << 16) {
      throw missing(model, key);
    }
    return patches;
  }

  private static UserError missing(PhiModel model, String key) {
    return new UserError(
        model.checkpoint().path() + ": " + PREPROCESSOR + " has no " + key + ".",
        "Copy the file there from the model: llama.cpp prepares pictures as it says.");
  }
}

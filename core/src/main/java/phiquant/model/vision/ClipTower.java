package phiquant.model.vision;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Flattened;
import phiquant.checkpoint.derived.Permuted;
import phiquant.model.Activation;
import phiquant.model.Architecture.Part;
import phiquant.model.Attention;
import phiquant.model.Block;
import phiquant.model.CalledTensors;
import phiquant.model.Linear;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * Finds CLIP's tower (Radford et al. 2021, arXiv:2103.00020) and the projector in a checkpoint of
 * Phi-3-vision. Its config.json names no size of the tower, because the released code has ViT-L/14
 * at 336 pixels written in it; here widths and depth come from the tensors' shapes, and what shapes
 * do not tell is written here as it is there: heads, the side of a patch, epsilon, the activation.
 */
public final class ClipTower {
  private static final String SEE = "model.vision_embed_tokens.";
  private static final String TOWER = SEE + "img_processor.vision_model.";
  private static final String LAYERS = TOWER + "encoder.layers.";
  private static final int HEADS = 16;
  private static final int PATCH = 14;
  private static final int COLORS = 3;

  /** 24 by 24 patches, and the token before them. */
  private static final int TOKENS = 577;

  /** Features that become one token: two by two. */
  private static final int NEIGHBOURS = 4;

  /** Which output is taken, where config.json is silent. */
  private static final int NEXT_TO_LAST = -2;

  private static final double EPSILON = 1e-5;

  private final CalledTensors called;
  private final List<Weight> weights = new ArrayList<>();
  private final int width;
  private final int wide;
  private final int layers;
  private final int depth;

  private ClipTower(Checkpoint checkpoint) {
    this.called = new CalledTensors(checkpoint);
    this.width = size(checkpoint, TOWER + "pre_layrnorm.weight");
    this.wide = size(checkpoint, LAYERS + "0.mlp.fc1.bias");
    int count = 0;
    while (checkpoint.tensors().containsKey(LAYERS + count + ".layer_norm1.weight")) {
      count++;
    }
    this.layers = count;
    this.depth = depth(checkpoint, count);
    if (width % HEADS != 0 || depth < 1 || depth > layers) {
      throw new UserError(
          "%s: the vision tower has %d layers of %d features, which is no tower of CLIP's."
              .formatted(checkpoint.path(), layers, width));
    }
  }

  /** Of what goes into the first layer and comes out of each, the released code takes one. */
  private static int depth(Checkpoint checkpoint, int layers) {
    int taken = checkpoint.config().path("img_processor").path("layer_idx").asInt(NEXT_TO_LAST);
    return taken < 0 ? layers + 1 + taken : taken;
  }

  /**
   * What sees in a checkpoint.
   *
   * @param hidden features of a token of the text part
   * @throws UserError if its config.json says another function, or a tensor is missing or misshapen
   */
  public static Vision of(Checkpoint checkpoint, int hidden) {
    check(checkpoint);
    return new ClipTower(checkpoint).vision(checkpoint, hidden);
  }

  private static void check(Checkpoint checkpoint) {
    JsonNode layer = checkpoint.config().path("embd_layer");
    expect(checkpoint, layer, "embedding_cls", "image");
    expect(checkpoint, layer, "projection_cls", "mlp");
    expect(checkpoint, layer, "hd_transform_order", "sub_glb");
    expect(checkpoint, layer, "use_hd_transform", "true");
    expect(checkpoint, layer, "with_learnable_separator", "true");
    JsonNode processor = checkpoint.config().path("img_processor");
    expect(checkpoint, processor, "name", "clip_vision_model");
    expect(checkpoint, processor, "num_img_tokens", "144");
    expect(checkpoint, processor, "type_feature", "patch");
  }

  /** The released code has one form; others are in it, and in no model. */
  private static void expect(Checkpoint checkpoint, JsonNode part, String key, String value) {
    String text = part.path(key).asText();
    if (part.hasNonNull(key) && !text.equals(value)) {
      throw new UserError(
          "%s: config.json: %s is %s, another function than phiquant computes; it knows %s."
              .formatted(checkpoint.path(), key, shorten(text), value));
    }
  }

  private static String shorten(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }

  private static int size(Checkpoint checkpoint, String name) {
    StoredTensor tensor = checkpoint.tensors().get(name);
    if (tensor == null || tensor.shape().size() != 1 || tensor.elements() > 1 << 20) {
      throw new UserError(
          checkpoint.path() + ": the tensor '" + name + "' is missing, or no vector.",
          "Download the checkpoint again, or check that config.json belongs to it.");
    }
    return Math.toIntExact(tensor.elements());
  }

  private Vision vision(Checkpoint checkpoint, int hidden) {
    Weight between = tensor(SEE + "glb_GN", 1, 1, NEIGHBOURS * width);
    Weight rowEnd = tensor(SEE + "sub_GN", 1, 1, 1, NEIGHBOURS * width);
    Tower tower = tower();
    Linear up = linear(Role.UP, -1, SEE + "img_projection.0", hidden, NEIGHBOURS * width);
    Linear down = linear(Role.DOWN, -1, SEE + "img_projection.2", hidden, hidden);
    List<String> used = weights.stream().map(Weight::name).toList();
    List<String> unused =
        checkpoint.tensors().keySet().stream()
            .filter(name -> isBeyond(name) && !used.contains(name))
            .toList();
    return new Vision(tower, rowEnd, between, up, down, unused, List.copyOf(weights));
  }

  private boolean isBeyond(String name) {
    return name.startsWith(TOWER + "post_layer")
        || IntStream.range(depth, layers).anyMatch(i -> name.startsWith(LAYERS + i + "."));
  }

  private Tower tower() {
    Weight first = tensor(TOWER + "embeddings.class_embedding", width);
    Weight kernel = kernel();
    Weight table = tensor(TOWER + "embeddings.position_embedding.weight", TOKENS, width);
    Weight patches = patches(kernel.tensor());
    Weight positions = new Weight(Role.EMBEDDING, -1, new ClassRow(table.tensor(), first.tensor()));
    Norm norm = norm(Role.OUTPUT_NORM, -1, TOWER + "pre_layrnorm");
    List<Block> blocks = new ArrayList<>();
    for (int i = 0; i < depth; i++) {
      blocks.add(block(i, LAYERS + i + "."));
    }
    return new Tower(config(), Linear.of(patches), positions, norm, List.copyOf(blocks));
  }

  /**
   * A convolution's; or as engines keep it: a matrix where they multiply, colors last where they
   * have them last.
   */
  private Weight kernel() {
    String name = TOWER + "embeddings.patch_embedding.weight";
    StoredTensor stored = called.checkpoint().tensors().get(name);
    List<Long> shape = stored == null ? List.of() : stored.shape();
    if (shape.size() == 2) {
      return tensor(name, width, COLORS * PATCH * PATCH);
    }
    return shape.size() == 4 && shape.getLast() == COLORS
        ? tensor(name, width, PATCH, PATCH, COLORS)
        : tensor(name, width, COLORS, PATCH, PATCH);
  }

  /** From a patch's pixels, a color after the other, to features. */
  private static Weight patches(StoredTensor kernel) {
    boolean last = kernel.shape().size() == 4 && kernel.shape().getLast() == COLORS;
    StoredTensor colorsFirst = last ? Permuted.channelsFirst(kernel) : kernel;
    return new Weight(Role.EMBEDDING, -1, new Flattened(colorsFirst));
  }

  private Block block(int layer, String at) {
    Norm attentionNorm = norm(Role.ATTENTION_NORM, layer, at + "layer_norm1");
    Linear query = linear(Role.QUERY, layer, at + "self_attn.q_proj", width, width);
    Linear key = linear(Role.KEY, layer, at + "self_attn.k_proj", width, width);
    Linear value = linear(Role.VALUE, layer, at + "self_attn.v_proj", width, width);
    Linear qkv =
        new Linear(
            Role.QKV,
            Stream.of(query, key, value).flatMap(each -> each.weights().stream()).toList(),
            Stream.of(query, key, value).flatMap(each -> each.biases().stream()).toList());
    Linear output = linear(Role.ATTENTION_OUTPUT, layer, at + "self_attn.out_proj", width, width);
    return new EncoderBlock(
        attentionNorm,
        Attention.everywhere(qkv, output),
        norm(Role.FEED_FORWARD_NORM, layer, at + "layer_norm2"),
        linear(Role.UP, layer, at + "mlp.fc1", wide, width),
        Activation.GELU_SIGMOID,
        linear(Role.DOWN, layer, at + "mlp.fc2", width, wide));
  }

  /** One layer's cache is enough: a tile goes through all layers at once. */
  private PhiConfig config() {
    return new PhiConfig(
        TOKENS,
        width,
        wide,
        1,
        HEADS,
        HEADS,
        width / HEADS,
        0,
        EPSILON,
        1,
        Optional.empty(),
        TOKENS,
        TOKENS,
        Optional.empty(),
        false,
        Optional.empty(),
        Optional.empty());
  }

  private Weight tensor(String name, long... shape) {
    return add(Part.tensor(Role.EMBEDDING, -1, name, shape));
  }

  private Linear linear(Role role, int layer, String module, long rows, long columns) {
    return new Linear(
        role,
        List.of(add(Part.weight(role, layer, module, rows, columns))),
        List.of(add(Part.bias(role, layer, module, rows))));
  }

  private Norm norm(Role role, int layer, String module) {
    return Norm.layer(
        add(Part.weight(role, layer, module, width)),
        add(Part.bias(role, layer, module, width)),
        EPSILON);
  }

  private Weight add(Part part) {
    Weight weight = called.weight(part);
    weights.add(weight);
    return weight;
  }
}

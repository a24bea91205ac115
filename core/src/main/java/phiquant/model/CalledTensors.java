package phiquant.model;

import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.StoredTensor;

/** A checkpoint's tensors as a model calls for them: by name, of a shape, of numbers. */
public record CalledTensors(Checkpoint checkpoint) {
  /** ONNX Runtime's operator that is a whole graph, compiled. */
  private static final String COMPILED = "EPContext";

  /** The weights of parts, in their order. */
  public List<Weight> weights(List<Architecture.Part> parts) {
    return parts.stream().map(this::weight).toList();
  }

  /**
   * The weight of a part.
   *
   * @throws UserError if it is missing, misshapen, or stored as what is no weight
   */
  public Weight weight(Architecture.Part part) {
    String name = part.name();
    StoredTensor tensor = checkpoint.tensors().get(name);
    if (tensor == null && checkpoint.operators().containsKey(COMPILED)) {
      throw new UserError(
          checkpoint.path()
              + " is compiled for an NPU: its weights are in a binary that only the chip's runtime"
              + " reads.",
          "Give the folder that it was made of.");
    }
    if (tensor == null) {
      throw new UserError(
          checkpoint.path() + ": the tensor '" + name + "' is missing.",
          "Download the checkpoint again, or check that config.json belongs to it.");
    }
    if (DType.named(tensor.format()).filter(type -> !type.isWeight()).isPresent()) {
      throw new UserError(
          checkpoint.path()
              + ": the tensor '"
              + name
              + "' is stored as "
              + tensor.format()
              + ", which phiquant does not read as weights.",
          "It reads F32, F16 and BF16, and MLX's codes where config.json says how they are"
              + " quantized: check that config.json belongs to it.");
    }
    if (!tensor.shape().equals(part.shape())) {
      throw new UserError(
          checkpoint.path()
              + ": the tensor '"
              + name
              + "' has the shape "
              + tensor.shape()
              + ", but config.json calls for "
              + part.shape()
              + ".");
    }
    return new Weight(part.role(), part.layer(), part.bias(), tensor);
  }
}

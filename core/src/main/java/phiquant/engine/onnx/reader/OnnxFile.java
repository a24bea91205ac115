package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.checkpoint.MappedFiles;

/**
 * A file of the ONNX format with the data files that it names. Nothing in it is believed before it
 * is checked: where constants lie, how long they are, and that their files are in the same folder.
 */
final class OnnxFile {
  /** Protobuf's own limit for a message. */
  private static final long LARGEST = Integer.MAX_VALUE;

  private static final Set<Integer> FLOATS =
      Set.of(DataType.FLOAT_VALUE, DataType.FLOAT16_VALUE, DataType.BFLOAT16_VALUE);

  private final Path path;
  private final MappedFiles files;
  private final GraphProto graph;
  private final Map<String, TensorProto> constants;

  /** Which operator makes a tensor. */
  private final Map<String, NodeProto> makers = new HashMap<>();

  private final Map<String, MemorySegment> dataFiles = new HashMap<>();

  private OnnxFile(Path path, MappedFiles files, GraphProto graph) {
    this.path = path;
    this.files = files;
    this.graph = graph;
    this.constants =
        graph.getInitializerList().stream()
            .collect(Collectors.toMap(TensorProto::getName, tensor -> tensor, this::refuseTwo));
    for (NodeProto node : graph.getNodeList()) {
      node.getOutputList().forEach(output -> makers.put(output, node));
    }
  }

  /**
   * Reads the graph and finds the place of every constant, those too that nobody will ask for: no
   * engine loads a model in which one is missing.
   *
   * @throws UserError if it is no ONNX file, or a constant is not where it says
   */
  static OnnxFile open(Path path, MappedFiles files) {
    return checked(new OnnxFile(path, files, graph(path)));
  }

  /**
   * The same of several files that are one model together: a constant may be in more than one.
   *
   * @throws UserError if one is no ONNX file, or a constant is not where it says
   */
  static OnnxFile open(List<Path> paths, MappedFiles files) {
    GraphProto.Builder all = GraphProto.newBuilder();
    Set<String> constants = new HashSet<>();
    for (Path path : paths) {
      GraphProto graph = graph(path);
      all.addAllNode(graph.getNodeList());
      graph.getInitializerList().stream()
          .filter(constant -> constants.add(constant.getName()))
          .forEach(all::addInitializer);
    }
    return checked(new OnnxFile(paths.getFirst(), files, all.build()));
  }

  private static OnnxFile checked(OnnxFile file) {
    file.constants.values().stream().filter(OnnxFile::isExternal).forEach(file::external);
    return file;
  }

  private static GraphProto graph(Path path) {
    // As a stream, for of a buffer protobuf makes a copy before it looks at it.
    try (FileChannel channel = InputFile.open(path)) {
      if (channel.size() > LARGEST) {
        throw new UserError(path + " is larger than a model may be (2 GB).");
      }
      ModelProto model = ModelProto.parseFrom(Channels.newInputStream(channel));
      if (model.getGraph().getNodeCount() == 0) {
        throw new UserError(path + " is not an ONNX model: it has no operators.");
      }
      return model.getGraph();
    } catch (InvalidProtocolBufferException e) {
      throw new UserError(path + " is not an ONNX model: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UserError(path + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  private TensorProto refuseTwo(TensorProto one, TensorProto other) {
    throw new UserError(path + " has two constants named '" + one.getName() + "'.");
  }

  Path path() {
    return path;
  }

  GraphProto graph() {
    return graph;
  }

  /**
   * The constant of that name, if there is one.
   *
   * @throws UserError if its bytes are not where it says
   */
  Optional<OnnxConstant> constant(String name) {
    return Optional.ofNullable(constants.get(name)).map(this::checked);
  }

  /** The same, if it is of floats and more than one. */
  Optional<OnnxConstant> floats(String name) {
    return Optional.ofNullable(constants.get(name))
        .filter(tensor -> FLOATS.contains(tensor.getDataType()) && tensor.getDimsCount() > 0)
        .map(this::checked)
        .filter(constant -> constant.data().byteSize() > Float.BYTES);
  }

  /** The operator that makes a tensor, if one does. */
  Optional<NodeProto> maker(String tensor) {
    return Optional.ofNullable(makers.get(tensor));
  }

  private OnnxConstant checked(TensorProto tensor) {
    DataType type =
        Optional.ofNullable(DataType.forNumber(tensor.getDataType())).orElse(DataType.UNDEFINED);
    long bits = bits(tensor, type);
    try {
      for (long dimension : tensor.getDimsList()) {
        if (dimension < 0) {
          throw wrong(tensor, "has a negative dimension");
        }
        bits = Math.multiplyExact(bits, dimension);
      }
    } catch (ArithmeticException e) {
      throw wrong(tensor, "has a shape too large for any file: " + tensor.getDimsList());
    }
    long bytes = Math.ceilDiv(bits, 8L);
    MemorySegment data =
        isExternal(tensor)
            ? external(tensor)
            : MemorySegment.ofArray(tensor.getRawData().toByteArray());
    if (data.byteSize() != bytes) {
      throw wrong(
          tensor,
          "has %d bytes where %s%s calls for %d"
              .formatted(data.byteSize(), type, tensor.getDimsList(), bytes));
    }
    return new OnnxConstant(tensor.getName(), type, tensor.getDimsList(), data);
  }

  /** Bits of an element; two of four bits share a byte. */
  private long bits(TensorProto tensor, DataType type) {
    return switch (type) {
      case FLOAT -> 32;
      case FLOAT16, BFLOAT16 -> 16;
      case UINT8, INT8 -> 8;
      case UINT4, INT4 -> 4;
      default -> throw wrong(tensor, "has the element type " + tensor.getDataType());
    };
  }

  private static boolean isExternal(TensorProto tensor) {
    return tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
  }

  private MemorySegment external(TensorProto tensor) {
    Map<String, String> place = new HashMap<>();
    for (StringStringEntryProto entry : tensor.getExternalDataList()) {
      place.put(entry.getKey(), entry.getValue());
    }
    MemorySegment file = dataFile(tensor, place.getOrDefault("location", ""));
    long offset = number(tensor, place.getOrDefault("offset", "0"));
    if (offset > file.byteSize()) {
      throw wrong(tensor, "begins at " + offset + ", beyond the end of its file");
    }
    long length =
        place.containsKey("length")
            ? number(tensor, place.get("length"))
            : file.byteSize() - offset;
    if (length > file.byteSize() - offset) {
      throw wrong(
          tensor, "has " + length + " bytes, more than its file has left, which is cut or damaged");
    }
    return file.asSlice(offset, length);
  }

  private MemorySegment dataFile(TensorProto tensor, String location) {
    if (!InputFile.isPlainName(location)) {
      throw wrong(tensor, "lies in '" + location + "', which is not a plain file name");
    }
    return dataFiles.computeIfAbsent(
        location,
        name -> {
          Path file = path.resolveSibling(name);
          if (!Files.exists(file)) {
            throw new UserError(file + " is missing; " + path.getFileName() + " needs it.");
          }
          return files.map(file);
        });
  }

  private long number(TensorProto tensor, String text) {
    if (!text.matches("\\d{1,18}")) {
      throw wrong(tensor, "has the place '" + text + "', which is not a number");
    }
    return Long.parseLong(text);
  }

  private UserError wrong(TensorProto tensor, String fact) {
    return new UserError("%s: the constant '%s' %s.".formatted(path, tensor.getName(), fact));
  }
}

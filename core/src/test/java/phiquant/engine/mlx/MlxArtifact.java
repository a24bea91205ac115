package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.pipeline.Pass;
import phiquant.pipeline.Progress;

/** Makes MLX artifacts for tests and says what is in them, in the goldens' words. */
final class MlxArtifact {
  private MlxArtifact() {}

  /** Makes artifacts in one pass over a checkpoint; their folders by spec. */
  static Map<String, Path> make(Path checkpoint, Path out, String... specs) {
    Map<String, Path> folders = new LinkedHashMap<>();
    Map<Path, ArtifactPlan> plans = new LinkedHashMap<>();
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      PhiModel model = Family.model(source);
      for (String spec : specs) {
        ArtifactPlan plan =
            Engine.target(TargetSpec.parse(spec))
                .outline(model, checkpoint.getFileName().toString());
        folders.put(spec, out.resolve(plan.name()));
        plans.put(out.resolve(plan.name()), plan);
      }
      Pass.run(plans, new Pass.Settings(2, false, false, Progress.NONE), () -> {});
    }
    return folders;
  }

  /** Every tensor's dtype, shape and hash, by name. */
  static ObjectNode tensors(Path folder) throws IOException {
    ObjectNode tensors = new ObjectMapper().createObjectNode();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.safetensors")) {
      for (Path file : files) {
        read(file, tensors);
      }
    }
    return tensors;
  }

  private static void read(Path file, ObjectNode tensors) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(length, 0);
      long start = 8 + length.getLong(0);
      ByteBuffer header = ByteBuffer.allocate((int) start - 8);
      channel.read(header, 8);
      JsonNode entries = new ObjectMapper().readTree(header.array());
      for (Map.Entry<String, JsonNode> entry : entries.properties()) {
        if (!entry.getKey().equals("__metadata__")) {
          JsonNode offsets = entry.getValue().path("data_offsets");
          long begin = offsets.path(0).asLong();
          ByteBuffer data =
              channel.map(
                  FileChannel.MapMode.READ_ONLY, start + begin, offsets.path(1).asLong() - begin);
          tensors
              .putObject(entry.getKey())
              .put("dtype", entry.getValue().path("dtype").asText())
              .put("sha256", hash(data))
              .set("shape", entry.getValue().path("shape"));
        }
      }
    }
  }

  /** The hash of a file of the artifact. */
  static String hash(Path file) {
    try {
      return hash(ByteBuffer.wrap(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(ByteBuffer bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}

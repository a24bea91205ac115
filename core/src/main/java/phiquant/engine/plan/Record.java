package phiquant.engine.plan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiModel;

/**
 * {@code phiquant.json} in an artifact's folder: from what it was made, how, and what each tensor
 * became, so that it can be made again. A single file carries no such companion; its own header
 * says what its tensors are.
 */
public final class Record {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Record() {}

  /** The plan with its record; a single-file artifact stays as it is. */
  public static ArtifactPlan with(ArtifactPlan plan, PhiModel model) {
    if (plan.singleFile()) {
      return plan;
    }
    return plan.with(PlannedFile.whole("phiquant.json", bytes(plan, model)));
  }

  private static byte[] bytes(ArtifactPlan plan, PhiModel model) {
    Checkpoint checkpoint = model.checkpoint();
    ObjectNode json = JSON.createObjectNode();
    json.put("phiquant", Version.NUMBER);
    json.put("target", plan.target());
    ObjectNode source = json.putObject("source");
    source.put("name", CheckpointName.of(checkpoint.path()));
    source.put("fingerprint", "sha256:" + fingerprint(checkpoint));
    source.put("fingerprint_covers", "config.json, and every tensor's name, format and shape");
    model.notices().forEach(source.putArray("notices")::add);
    if (!plan.calibratedOn().isEmpty()) {
      plan.calibratedOn().forEach(json.putArray("calibrated_on")::add);
    }
    ArrayNode tensors = json.putArray("tensors");
    for (PlannedTensor tensor : plan.tensors()) {
      tensors
          .addObject()
          .put("name", tensor.name())
          .put("format", tensor.format())
          .put("bytes", tensor.bytes());
    }
    ArrayNode notes = json.putArray("notes");
    plan.notes().forEach(notes::add);
    return json.toPrettyString().getBytes(StandardCharsets.UTF_8);
  }

  /** Cheap, for it reads no weights: two checkpoints that differ in weights only share it. */
  private static String fingerprint(Checkpoint checkpoint) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(checkpoint.config().toString().getBytes(StandardCharsets.UTF_8));
      for (StoredTensor tensor : checkpoint.tensors().values()) {
        String line = tensor.name() + " " + tensor.format() + " " + tensor.shape() + "\n";
        digest.update(line.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

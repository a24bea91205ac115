package phiquant.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** A {@code config.json} of an architecture and some entries, as short as a test can say it. */
final class ConfigEntries {
  private ConfigEntries() {}

  /**
   * With entries behind the architecture.
   *
   * @param entries each behind a comma, with ' for "
   */
  static ObjectNode json(String architecture, String entries) throws IOException {
    String json = "{'architectures':['" + architecture + "']" + entries + "}";
    return (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
  }
}

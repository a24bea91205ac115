package phiquant.trust;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import phiquant.engines.Engines;

/**
 * Others' readers of the formats, in one Python process: what phiquant accepts must be to them what
 * it is to phiquant, so that accepting is no way out.
 */
final class Readers implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final OutputStream asked;
  private final BufferedReader answers;

  Readers() throws IOException {
    this.process =
        new ProcessBuilder(Engines.python("readers").toString(), "engines/readers_driver.py")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    this.asked = process.getOutputStream();
    this.answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /**
   * Reads an input again, and what was made of it.
   *
   * @param out with the weights as floats, and other artifacts
   * @return what differs, or an empty text
   */
  String differences(Path input, Path out) throws IOException {
    ObjectNode request = JSON.createObjectNode().put("input", input.toString());
    try (Stream<Path> made = Files.list(out)) {
      for (Path artifact : (Iterable<Path>) made.sorted()::iterator) {
        if (artifact.getFileName().toString().equals("x-f32")) {
          request.put("floats", artifact.toString());
        } else {
          request.withArray("made").add(artifact.toString());
        }
      }
    }
    request.withArray("made");
    asked.write(JSON.writeValueAsBytes(request));
    asked.write('\n');
    asked.flush();
    String answer = answers.readLine();
    return answer == null ? "the readers' process ended" : answer;
  }

  @Override
  public void close() {
    process.destroy();
  }
}

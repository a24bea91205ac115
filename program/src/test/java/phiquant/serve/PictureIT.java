package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Base64;
import java.util.OptionalInt;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.fixtures.Pictures;
import phiquant.picture.Picture;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/** A client shows a picture, and gets the chances that the model's makers' code has. */
class PictureIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void aPictureInARequestIsSeenAsItsMakersSeeIt() throws Exception {
    JsonNode golden = Golden.json("logits-tiny-phi-3.5-vision").path("cases").path(3);
    JsonNode size = golden.path("images").path(0).path("picture");
    Picture picture = Pictures.ramps(size.path(0).asInt(), size.path(1).asInt());
    try (Session session = session(Fixtures.tiny("phi-3.5-vision"), 1024);
        Server server = serve(session)) {
      JsonNode answer = ask(server, dataUrl(picture), 200);
      assertThat(answer.path("usage").path("prompt_tokens")).isEqualTo(golden.path("length"));
      JsonNode told = answer.path("choices").path(0).path("logprobs").path("content").path(0);
      JsonNode best = golden.path("last_top5");
      for (int i = 0; i < 5; i++) {
        double apart =
            told.path("top_logprobs").path(0).path("logprob").asDouble()
                - told.path("top_logprobs").path(i).path("logprob").asDouble();
        assertThat(apart)
            .isCloseTo(
                best.path(0).path(1).asDouble() - best.path(i).path(1).asDouble(), within(1e-3));
      }
      JsonNode remote = ask(server, "https://example.com/picture.png", 400);
      assertThat(remote.toString()).contains("this server fetches no pictures");
      JsonNode broken = ask(server, "data:image/png;base64,iVBORw0KGgo=", 400);
      assertThat(broken.toString()).contains("A picture is damaged");
    }
  }

  @Test
  void aModelOfTextSaysThatItSeesNothing() throws Exception {
    try (Session session = session(Fixtures.tinyPhi35Mini(), 512);
        Server server = serve(session)) {
      JsonNode refused = ask(server, dataUrl(Pictures.ramps(3, 2)), 400);
      assertThat(refused.toString()).contains("is a model of text");
    }
  }

  private static Session session(Path model, int context) {
    return Session.open(Checkpoints.open(model), RunOptions.exact(), OptionalInt.of(context));
  }

  private static Server serve(Session session) {
    return Server.start(
        session, new Server.Settings("m", "127.0.0.1", 0, 4, 4 << 20, Sampling.GREEDY));
  }

  private static String dataUrl(Picture picture) throws IOException {
    BufferedImage image =
        new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < picture.width() * picture.height(); i++) {
      int red = picture.rgb()[3 * i] & 0xff;
      int green = picture.rgb()[3 * i + 1] & 0xff;
      int blue = picture.rgb()[3 * i + 2] & 0xff;
      image.setRGB(i % picture.width(), i / picture.width(), red << 16 | green << 8 | blue);
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(image, "png", png);
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png.toByteArray());
  }

  private static JsonNode ask(Server server, String url, int status) throws Exception {
    ObjectNode body = JSON.createObjectNode().put("max_tokens", 1);
    body.put("logprobs", true).put("top_logprobs", 5);
    ObjectNode message = body.putArray("messages").addObject().put("role", "user");
    var parts = message.putArray("content");
    parts.addObject().put("type", "image_url").putObject("image_url").put("url", url);
    parts.addObject().put("type", "text").put("text", "Describe this image.");
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(
                        URI.create(
                            "http://127.0.0.1:"
                                + server.address().getPort()
                                + "/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return JSON.readTree(answer.body());
  }
}

package phiquant.serve;

import java.nio.file.Path;
import java.util.OptionalInt;
import phiquant.engine.Checkpoints;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/**
 * Takes the README's pictures in a real browser, so that they can be made again and show what there
 * is: {@code docs/pictures.sh} runs it on what the demo leaves.
 */
final class FrontPagePictures {
  private FrontPagePictures() {}

  /** Given the demo's folder, an artifact in it, and a folder for the pictures. */
  public static void main(String[] arguments) throws Exception {
    Path report = Path.of(arguments[0], "report.html").toAbsolutePath();
    Path out = Path.of(arguments[2]);
    try (Browser browser = Browser.open(report.toUri().toString())) {
      browser.await("document.readyState == 'complete'");
      browser.screenshot(out.resolve("report.png"));
    }
    Server.Settings settings =
        new Server.Settings(arguments[1], "127.0.0.1", 0, 1, 1 << 20, Sampling.GREEDY);
    try (Session session =
            Session.open(
                Checkpoints.open(Path.of(arguments[0], arguments[1])),
                RunOptions.exact(),
                OptionalInt.of(1024));
        Server server = Server.start(session, settings);
        Browser browser = Browser.open("http://127.0.0.1:" + server.address().getPort() + "/")) {
      browser.await("document.getElementById('model')?.textContent");
      browser.type("What is the capital of France?");
      browser.key("Enter");
      browser.await("document.querySelector('.assistant .text')?.textContent.length > 3");
      browser.await("!document.querySelector('.busy')");
      browser.screenshot(out.resolve("chat.png"));
    }
  }
}

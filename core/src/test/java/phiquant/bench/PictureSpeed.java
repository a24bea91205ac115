package phiquant.bench;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.OptionalInt;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Pictures;
import phiquant.picture.Picture;
import phiquant.picture.Tiles;
import phiquant.run.Generation;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/**
 * How long a picture of noise takes to be made ready, and a small one to be seen: seconds by the
 * clock and of processor time, one line each time.
 */
public final class PictureSpeed {
  private PictureSpeed() {}

  private interface Work {
    void run();
  }

  /**
   * The arguments are width, height, crops and repetitions; or {@code tower} and repetitions, each
   * of four tiles.
   */
  public static void main(String[] args) {
    if (args[0].equals("tower")) {
      tower(Integer.parseInt(args[1]));
      return;
    }
    Picture picture = Pictures.noise(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
    int crops = Integer.parseInt(args[2]);
    for (int i = 0; i < Integer.parseInt(args[3]); i++) {
      time(() -> Tiles.of(picture, crops, Tiles.Scale.CLIP));
    }
  }

  private static void tower(int times) {
    Generation one = new Generation(1, Sampling.GREEDY, List.of());
    try (Session session =
        Session.open(
            Checkpoints.open(Fixtures.tiny("phi-3.5-vision")),
            RunOptions.defaults(),
            OptionalInt.of(1024))) {
      for (int i = 0; i < times; i++) {
        // Another one each time, or it is known already.
        int[] prompt = session.prompt("<|image_1|>", List.of(Pictures.ramps(300, 1000 + i)));
        time(() -> session.generate(prompt, one, piece -> true));
      }
    }
  }

  private static void time(Work work) {
    long clock = System.nanoTime();
    long cpu = processor();
    work.run();
    System.out.printf("%.3f %.3f%n", (System.nanoTime() - clock) / 1e9, (processor() - cpu) / 1e9);
  }

  private static long processor() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}

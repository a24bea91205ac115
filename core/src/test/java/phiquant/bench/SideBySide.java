package phiquant.bench;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Two builds in one process, in turns: where a machine's speed wanders by a tenth within seconds,
 * processes side by side tell nothing less than that. Each build has classes, and so compiled code,
 * of its own; what they call has changed its packages, so they are called by name. Prints the
 * median time of a token and of a prompt of each, and old / new as the median of the rounds.
 */
public final class SideBySide {
  private static final int PROMPT = 256;
  private static final int DECODED = 64;

  private SideBySide() {}

  /** The arguments are two class paths, a GGUF file, threads, and rounds; a third warms up. */
  public static void main(String[] args) throws Exception {
    int threads = Integer.parseInt(args[3]);
    int rounds = Integer.parseInt(args[4]);
    List<Build> builds = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      builds.add(new Build(args[i], Path.of(args[2]), threads));
    }
    List<double[][]> times = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      double[][] pair = new double[2][];
      for (int i = 0; i < 2; i++) {
        int which = (round + i) % 2;
        pair[which] = builds.get(which).round();
      }
      if (round >= rounds / 3) {
        times.add(pair);
      }
    }
    for (int what = 0; what < 2; what++) {
      int index = what;
      ToDoubleBiFunction<double[][], Integer> time = (pair, build) -> pair[build][index];
      System.out.printf(
          Locale.ROOT,
          "%s ms: old %.3f, new %.3f; old / new in each round: median %.4f%n",
          List.of("prompt", "token").get(what),
          median(times.stream().mapToDouble(pair -> time.applyAsDouble(pair, 0)).toArray()),
          median(times.stream().mapToDouble(pair -> time.applyAsDouble(pair, 1)).toArray()),
          median(times.stream().mapToDouble(pair -> pair[0][index] / pair[1][index]).toArray()));
    }
    System.exit(0); // The workers of both wait for more.
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** One build's model. */
  private static final class Build {
    private final ClassLoader classes;
    private final Object model;
    private final int[] ids;

    Build(String classPath, Path file, int threads) throws Exception {
      List<URL> urls = new ArrayList<>();
      for (String entry : classPath.split(File.pathSeparator)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      classes = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
      Class<?> options = classes.loadClass("phiquant.run.RunOptions");
      var made = options.getDeclaredConstructors()[0];
      Object[] values =
          Stream.of(made.getParameterTypes())
              .map(type -> type == int.class ? (Object) threads : constant(type))
              .toArray();
      Class<?> models = classes.loadClass("phiquant.run.LanguageModel");
      model = call(models, null, "open", opened(models, file), made.newInstance(values));
      Object config = call(models, model, "config");
      int vocabulary = (Integer) call(config.getClass(), config, "vocabulary");
      ids =
          IntStream.range(0, PROMPT + DECODED)
              .map(i -> (int) ((7919L * i + 13) % vocabulary))
              .toArray();
    }

    /** Rounded as llama.cpp does, rotated by the cache's size, keys and values in 16 bits. */
    private static Object constant(Class<?> type) {
      List<String> wanted = List.of("INT8", "LLAMA", "F16");
      return Stream.of(type.getEnumConstants())
          .filter(
              value -> !type.getSimpleName().equals("CacheType") || value.toString().equals("F16"))
          .filter(value -> wanted.contains(value.toString()))
          .findFirst()
          .orElseThrow();
    }

    /** What a model is opened from: a file, or what the engines' reader makes of it. */
    private Object opened(Class<?> models, Path file) throws Exception {
      boolean path =
          Stream.of(models.getMethods())
              .filter(method -> method.getName().equals("open"))
              .anyMatch(method -> method.getParameterTypes()[0] == Path.class);
      return path
          ? file
          : call(classes.loadClass("phiquant.engine.Checkpoints"), null, "open", file);
    }

    private static Object call(Class<?> type, Object target, String name, Object... arguments)
        throws Exception {
      for (var method : type.getMethods()) {
        boolean fits =
            method.getName().equals(name) && method.getParameterCount() == arguments.length;
        for (int i = 0; fits && i < arguments.length; i++) {
          Class<?> parameter = method.getParameterTypes()[i];
          fits = parameter == int.class || parameter.isInstance(arguments[i]);
        }
        if (fits) {
          return method.invoke(target, arguments);
        }
      }
      throw new NoSuchMethodException(type + "." + name);
    }

    /** Milliseconds of a prompt, and of a token behind it. */
    double[] round() throws Exception {
      Object cache = call(model.getClass(), model, "cache", PROMPT + DECODED);
      double prompt = milliseconds(Arrays.copyOf(ids, PROMPT), cache);
      double[] tokens = new double[DECODED];
      for (int i = 0; i < DECODED; i++) {
        tokens[i] = milliseconds(new int[] {ids[PROMPT + i]}, cache);
      }
      return new double[] {prompt, median(tokens)};
    }

    private double milliseconds(int[] tokens, Object cache) throws Exception {
      long start = System.nanoTime();
      call(model.getClass(), model, "logits", tokens, cache);
      return (System.nanoTime() - start) / 1e6;
    }
  }
}

package phiquant.spark;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;
import phiquant.UserError;
import phiquant.pipeline.Progress;

/** The machines that Spark has for this job, and how they are given tasks. */
final class Cluster implements AutoCloseable {
  private static final int GLANCE_MS = 50;

  private final JavaSparkContext spark;

  private Cluster(JavaSparkContext spark) {
    this.spark = spark;
  }

  /**
   * Takes what {@code spark-submit} has been told of.
   *
   * @throws UserError if a machine cannot do the work: another phiquant, another JDK
   */
  static Cluster open() {
    SparkConf conf = new SparkConf().setIfMissing("spark.master", "local[*]");
    if (conf.get("spark.app.name", "phiquant").startsWith("phiquant.")) {
      conf.setAppName("phiquant");
    }
    Cluster cluster = new Cluster(new JavaSparkContext(conf));
    try {
      cluster.requireSound();
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** Asks each executor that is there what it is; tasks ask again where they run. */
  private void requireSound() {
    int asked = 2 * cores();
    Fitness driver = Fitness.here();
    spark.setJobDescription("Are all machines fit for it?");
    List<Refusal> refusals;
    try {
      refusals =
          spark
              .parallelize(IntStream.range(0, asked).boxed().toList(), asked)
              .flatMap(number -> driver.refusalOf(Fitness.here()).stream().iterator())
              .collect();
    } catch (RuntimeException e) {
      throw Fitness.unreadable(e);
    }
    if (!refusals.isEmpty()) {
      throw refusals.getFirst().error();
    }
  }

  /** Whether this process does all the work itself, with Spark's threads. */
  boolean isHere() {
    return spark.isLocal();
  }

  /** Cores of all machines together. */
  int cores() {
    return spark.defaultParallelism();
  }

  /**
   * Has shares of a pass done, each by whoever is free, and returns when all are.
   *
   * @param title what Spark's pages call it
   * @return where bytes lie that are not at their places
   * @throws UserError what a machine has found that a person has to mend; then the rest is left
   */
  List<Extent> run(String title, List<ShareTask> tasks, Progress progress) {
    LongAccumulator bytes = spark.sc().longAccumulator("bytes of " + title);
    CollectionAccumulator<Refusal> refusals = spark.sc().collectionAccumulator("refusals");
    progress.begin("Quantizing", tasks.stream().mapToLong(ShareTask::bytes).sum());
    spark.setJobDescription(title);
    JavaFutureAction<List<List<Extent>>> job =
        spark
            .parallelize(tasks, tasks.size())
            .map(
                task -> {
                  try {
                    List<Extent> extents = task.execute();
                    bytes.add(task.bytes());
                    return extents;
                  } catch (UserError e) {
                    refusals.add(Refusal.of(e));
                    return List.<Extent>of();
                  }
                })
            .collectAsync();
    long told = 0;
    try {
      for (boolean done = false; !done; ) {
        done = ended(job);
        progress.advance(bytes.value() - told);
        told = bytes.value();
        if (!refusals.value().isEmpty()) {
          job.cancel(true);
          throw refusals.value().getFirst().error();
        }
      }
      return job.get().stream().flatMap(List::stream).toList();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw Fitness.unreadable(e);
    } finally {
      progress.end();
    }
  }

  /** Has pieces of files sent, each by whoever is free. */
  List<JoinTask.Sent> join(String title, List<JoinTask> tasks) {
    describe(title);
    return collect(spark.parallelize(tasks, tasks.size()).map(JoinTask::execute));
  }

  private static UserError interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new UserError("The job was interrupted; nothing was left behind.", e);
  }

  private static boolean ended(JavaFutureAction<?> job) throws InterruptedException {
    try {
      job.get(GLANCE_MS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      job.cancel(true);
      throw e;
    } catch (ExecutionException e) {
      throw Fitness.unreadable(e);
    }
  }

  /** To make jobs of another kind with. */
  JavaSparkContext spark() {
    return spark;
  }

  /** What Spark's pages call the jobs of this thread from now on. */
  void describe(String title) {
    spark.setJobDescription(title);
  }

  /**
   * Has a job done.
   *
   * @return what came out, in the order of the tasks
   * @throws UserError what a machine has found that a person has to mend
   */
  <T> List<T> collect(JavaRDD<T> tasks) {
    try {
      return tasks.collect();
    } catch (RuntimeException e) {
      throw Fitness.unreadable(e);
    }
  }

  @Override
  public void close() {
    spark.close();
  }
}

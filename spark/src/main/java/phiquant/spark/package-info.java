/**
 * The same work on many machines, by Apache Spark: {@link phiquant.spark.Submit} is what {@code
 * spark-submit} starts; {@link phiquant.spark.ClusterWay} hands out shares of a pass, {@link
 * phiquant.spark.Workbench} does them; {@link phiquant.spark.ClusterPassage} takes a text through a
 * model, {@link phiquant.spark.SequenceBench} one sequence through a layer.
 */
package phiquant.spark;

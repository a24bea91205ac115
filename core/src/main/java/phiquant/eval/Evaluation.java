package phiquant.eval;

import java.util.List;

/**
 * Artifacts beside the original that they were made from.
 *
 * @param text on which they were compared
 * @param windows into which it was cut
 * @param window tokens of each
 * @param activations what the scores were measured with
 * @param ropeRule when longrope's long factors were used
 * @param threads that computed
 * @param version of phiquant
 * @param original in full precision
 * @param artifacts in the order in which they were given
 * @param notices what a person should know of the original and the artifacts, a sentence each
 */
public record Evaluation(
    String text,
    int windows,
    int window,
    String activations,
    String ropeRule,
    int threads,
    String version,
    Result original,
    List<Result> artifacts,
    List<String> notices) {}

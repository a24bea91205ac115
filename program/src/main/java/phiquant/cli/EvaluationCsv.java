package phiquant.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;
import phiquant.eval.Scores;

/** An evaluation's figures as CSV (RFC 4180): one line for each model, the original first. */
final class EvaluationCsv {
  private static final String HEAD =
      "artifact,kind,bytes,bits_per_weight,perplexity,mean_kl,median_kl,p99_kl,same_top,"
          + "perplexity_f32,mean_kl_f32,prefill_tokens_per_s,decode_tokens_per_s,load_s,peak_bytes";

  private EvaluationCsv() {}

  static String of(Evaluation evaluation) {
    List<Result> all = new ArrayList<>(List.of(evaluation.original()));
    all.addAll(evaluation.artifacts());
    StringBuilder csv = new StringBuilder(HEAD + "\r\n");
    for (Result result : all) {
      Scores scores = result.scores();
      Scores exact = result.exactScores();
      Result.Costs costs = result.costs();
      csv.append(
          String.format(
              Locale.ROOT,
              "%s,%s,%d,%.4f,%.6f,%.8f,%.8f,%.8f,%.6f,%s,%s,%.3f,%.3f,%.4f,%s\r\n",
              quoted(result.name()),
              quoted(result.kind().label()),
              result.bytes(),
              result.bitsPerWeight(),
              scores.perplexity(),
              scores.meanKl(),
              scores.medianKl(),
              scores.p99Kl(),
              scores.sameTop(),
              exact == null ? "" : String.format(Locale.ROOT, "%.6f", exact.perplexity()),
              exact == null ? "" : String.format(Locale.ROOT, "%.8f", exact.meanKl()),
              costs.prefill(),
              costs.decode(),
              costs.loadSeconds(),
              costs.peakBytes() == null ? "" : costs.peakBytes()));
    }
    return csv.toString();
  }

  private static String quoted(String text) {
    return text.matches("[^,\"\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}

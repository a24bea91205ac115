package phiquant.cli;

import java.nio.file.Path;
import java.util.OptionalInt;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.vocabulary.ChatTemplates;
import phiquant.run.Activations;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is run: the options that run, chat and serve have in common. */
final class EngineOptions {
  @Option(
      names = "--ctx",
      paramLabel = "TOKENS",
      description = "Prompt and answer together. Default: 4096, or the model's limit.")
  private Integer context;

  @Option(names = "--threads", paramLabel = "N", description = "Default: all cores.")
  private Integer threads;

  @Option(
      names = "--activations",
      paramLabel = "TYPE",
      description = "f32, or int8 as the format's engine rounds them (the default).")
  private Activations activations;

  @Option(
      names = "--cache-type",
      paramLabel = "TYPE",
      description = "What keys and values are kept as: f32, f16 (the default) or int8.")
  private CacheType cacheType;

  @Option(
      names = "--rope-rule",
      paramLabel = "RULE",
      description =
          "When longrope's long factors are used: checkpoint (as transformers, the default),"
              + " length (OpenVINO), llama, long (MLX) or short.")
  private LongRopeRule ropeRule;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description = "A Jinja template for conversations, in place of the model's own or of none.")
  private Path template;

  @Mixin private ModelOptions model;

  /** Opens a model to talk to. */
  Session open(Path artifact) {
    RunOptions defaults = RunOptions.defaults();
    if (context != null && context < 1) {
      throw UserError.usage("--ctx is " + context + "; it must be 1 or more.");
    }
    RunOptions options =
        new RunOptions(
            threads == null ? defaults.threads() : Threads.checked(threads),
            activations == null ? defaults.activations() : activations,
            ropeRule == null ? defaults.ropeRule() : ropeRule,
            cacheType == null ? defaults.cacheType() : cacheType);
    Checkpoint opened = model.open(artifact);
    Session session =
        Session.open(
            template == null ? opened : ChatTemplates.given(template, opened),
            options,
            context == null ? OptionalInt.empty() : OptionalInt.of(context));
    Notices.print(session.notices());
    return session;
  }
}

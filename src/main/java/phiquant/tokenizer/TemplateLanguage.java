package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.AdvancedFilter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import java.nio.charset.StandardCharsets;
import java.time.ZonedDateTime;
import java.util.Map;
import phiquant.checkpoint.PythonJson;

/**
 * Jinja as transformers sets it up for chat templates ({@code chat_template_utils.py}): blocks take
 * their line with them, {@code tojson} writes what Python's {@code json.dumps} writes, and there
 * are {@code raise_exception} and {@code strftime_now}.
 */
public final class TemplateLanguage {
  /** No prompt is longer; a template that loops is stopped here. */
  private static final long MAX_OUTPUT = 16 << 20;

  private TemplateLanguage() {}

  /** What a template threw on purpose: its message is for the user. */
  static final class Refusal extends RuntimeException {
    Refusal(String message) {
      super(message);
    }
  }

  static Jinjava create() {
    LegacyOverrides likePython =
        LegacyOverrides.newBuilder()
            .withEvaluateMapKeys(true)
            .withIterateOverMapKeys(true)
            .withUsePyishObjectMapper(true)
            .withUseNaturalOperatorPrecedence(true)
            .withParseWhitespaceControlStrictly(true)
            .withAllowAdjacentTextNodes(true)
            .withUseTrimmingForNotesAndExpressions(true)
            .withKeepNullableLoopValues(true)
            .withHandleBackslashInQuotesOnly(true)
            .build();
    Jinjava jinja =
        new Jinjava(
            JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                // Otherwise braces in what a user writes would be evaluated.
                .withNestedInterpretationEnabled(false)
                .withMaxOutputSize(MAX_OUTPUT)
                .withLegacyOverrides(likePython)
                .build());
    jinja.registerFilter(new ToJson());
    jinja.registerFunction(function("raise_exception", "raise"));
    jinja.registerFunction(function("strftime_now", "now"));
    return jinja;
  }

  private static ELFunctionDefinition function(String name, String method) {
    return new ELFunctionDefinition("", name, TemplateLanguage.class, method, String.class);
  }

  /** {@code raise_exception(message)}; public because templates call it. */
  public static String raise(String message) {
    throw new Refusal(message);
  }

  /** {@code strftime_now(format)}; public because templates call it. */
  public static String now(String format) {
    return StrftimeFormatter.format(ZonedDateTime.now(), format);
  }

  private static final class ToJson implements AdvancedFilter {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(
        Object value,
        JinjavaInterpreter interpreter,
        Object[] arguments,
        Map<String, Object> named) {
      JsonNode json = MAPPER.valueToTree(value);
      return named.get("indent") instanceof Number indent
          ? new String(PythonJson.bytes(json, indent.intValue(), false), StandardCharsets.UTF_8)
          : PythonJson.line(json);
    }
  }
}

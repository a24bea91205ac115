package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Typed access to a request's fields, with errors that name the field. Fields whose effect a client
 * would miss are refused; all others that are not known are ignored, as OpenAI's own server does.
 */
record Fields(ObjectNode json) {
  /** Texts that may end an answer, at most. */
  private static final int MAX_STOPS = 16;

  /** Fields that are only accepted with a value that asks for nothing. */
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "tools",
          "functions",
          "logit_bias",
          "top_logprobs",
          "suffix",
          "echo",
          "frequency_penalty",
          "presence_penalty",
          "audio",
          "prediction");

  /** Refuses what this server cannot do. */
  Fields supported() {
    for (String name : UNSUPPORTED) {
      JsonNode value = json.path(name);
      boolean asksForNothing =
          value.isMissingNode()
              || value.isNull()
              || (value.isBoolean() && !value.asBoolean())
              || (value.isNumber() && value.asDouble() == 0)
              || (value.isContainerNode() && value.isEmpty())
              || (value.isTextual() && value.asText().isEmpty());
      if (!asksForNothing) {
        throw unsupported(name);
      }
    }
    // A chat says true or false; a completion says of how many other tokens, and 0 is an answer.
    JsonNode logprobs = given("logprobs");
    if (logprobs != null && !(logprobs.isBoolean() && !logprobs.asBoolean())) {
      throw unsupported("logprobs");
    }
    JsonNode choice = given("tool_choice");
    if (choice != null && !choice.asText().matches("none|auto")) {
      throw unsupported("tool_choice");
    }
    if (given("modalities") != null && !json.path("modalities").toString().equals("[\"text\"]")) {
      throw ApiError.wrong("modalities", "Only the modality 'text' is supported.");
    }
    for (String name : List.of("n", "best_of")) {
      if (integer(name, 1) != 1) {
        throw ApiError.wrong(name, name + " must be 1: one answer at a time.");
      }
    }
    JsonNode format = given("response_format");
    if (format != null && !format.path("type").asText().equals("text")) {
      throw ApiError.wrong("response_format", "Only the response_format 'text' is supported.");
    }
    return this;
  }

  private static ApiError unsupported(String name) {
    return ApiError.wrong(name, name + " is not supported.");
  }

  /** A field's value, or null if it is not given. */
  JsonNode given(String name) {
    JsonNode value = json.path(name);
    return value.isMissingNode() || value.isNull() ? null : value;
  }

  boolean flag(String name) {
    JsonNode value = given(name);
    if (value != null && !value.isBoolean()) {
      throw ApiError.wrong(name, name + " must be true or false.");
    }
    return value != null && value.asBoolean();
  }

  double number(String name, double fallback) {
    JsonNode value = given(name);
    if (value != null && !value.isNumber()) {
      throw ApiError.wrong(name, name + " must be a number.");
    }
    return value == null ? fallback : value.asDouble();
  }

  long integer(String name, long fallback) {
    JsonNode value = given(name);
    if (value != null && !(value.isIntegralNumber() && value.canConvertToLong())) {
      throw ApiError.wrong(name, name + " must be an integer.");
    }
    return value == null ? fallback : value.asLong();
  }

  String text(String name) {
    JsonNode value = given(name);
    if (value != null && !value.isTextual()) {
      throw ApiError.wrong(name, name + " must be a string.");
    }
    return value == null ? null : value.asText();
  }

  /** A string or a list of strings. */
  List<String> stops() {
    JsonNode value = given("stop");
    if (value == null) {
      return List.of();
    }
    List<String> stops = new ArrayList<>();
    for (JsonNode stop : value.isArray() ? value : List.of(value)) {
      if (!stop.isTextual()) {
        throw ApiError.wrong("stop", "stop must be a string or a list of strings.");
      }
      stops.add(stop.asText());
    }
    if (stops.size() > MAX_STOPS) {
      throw ApiError.wrong("stop", "stop has more than " + MAX_STOPS + " strings.");
    }
    return stops;
  }
}

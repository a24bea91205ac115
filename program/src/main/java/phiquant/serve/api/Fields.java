package phiquant.serve.api;

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

  private static final int MAX_ALTERNATIVES = 16;
  private static final int MAX_CHANCES = 20;

  /** Fields that are only accepted with a value that asks for nothing. */
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "functions",
          "function_call",
          "logit_bias",
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
    if (given("modalities") != null && !json.path("modalities").toString().equals("[\"text\"]")) {
      throw ApiError.wrong("modalities", "Only the modality 'text' is supported.");
    }
    if (given("best_of") != null && integer("best_of", 1) != alternatives()) {
      throw ApiError.wrong("best_of", "best_of must be n: no answer is left out.");
    }
    return this;
  }

  /** How many answers are asked for. */
  int alternatives() {
    long n = integer("n", 1);
    if (n < 1 || n > MAX_ALTERNATIVES) {
      throw ApiError.wrong("n", "n must be from 1 to " + MAX_ALTERNATIVES + ".");
    }
    return (int) n;
  }

  /**
   * Of how many of the likeliest tokens the chances are asked for; -1: of none. A chat says true or
   * false and how many; a completion only how many.
   */
  int chances(boolean chat) {
    JsonNode asked = given("logprobs");
    boolean wanted = asked != null && (chat ? flag("logprobs") : true);
    long count = integer(chat ? "top_logprobs" : "logprobs", 0);
    if (count < 0 || count > MAX_CHANCES) {
      String name = chat ? "top_logprobs" : "logprobs";
      throw ApiError.wrong(name, name + " must be from 0 to " + MAX_CHANCES + ".");
    }
    if (!wanted && count > 0) {
      throw ApiError.wrong("top_logprobs", "top_logprobs needs logprobs to be true.");
    }
    return wanted ? (int) count : -1;
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

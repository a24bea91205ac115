package phiquant.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonJsonTest {
  /** Expected values from Python's {@code repr}. */
  @ParameterizedTest
  @CsvSource({
    "1e-5, 1e-05",
    "7.5e-6, 7.5e-06",
    "0.0001, 0.0001",
    "100000, 100000.0",
    "1e15, 1000000000000000.0",
    "1e16, 1e+16",
    "1.25e300, 1.25e+300",
    "0, 0.0",
    "-0.0, -0.0",
    "0.1, 0.1",
    "-2.5e-7, -2.5e-07",
    "123456.789, 123456.789",
  })
  void numbersAreWrittenAsPythonDoes(double x, String expected) {
    assertThat(PythonJson.number(x)).isEqualTo(expected);
  }

  @Test
  void layoutAndEscapesAreThoseOfJsonDumpsWithIndentFour() throws Exception {
    String json =
        "{\"a\":[1,[],{}],\"b\":{\"c\":null,\"d\":true},\"é\\n\":\"\\u007f\\\"\\ud83d\\ude00\"}";
    assertThat(new String(PythonJson.bytes(new ObjectMapper().readTree(json), 4, true)))
        .isEqualTo(
            """
            {
                "a": [
                    1,
                    [],
                    {}
                ],
                "b": {
                    "c": null,
                    "d": true
                },
                "\\u00e9\\n": "\\u007f\\"\\ud83d\\ude00"
            }\
            """);
  }
}

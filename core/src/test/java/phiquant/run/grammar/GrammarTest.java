package phiquant.run.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.tokenizer.TokenBytes;

/**
 * What is drawn by chance from a schema's grammar obeys the schema, as a validator judges
 * (networknt's, which checks formats too); what programs write by it passes; and what cannot be
 * kept is refused by name.
 */
class GrammarTest {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final int END = 256;

  /** Every byte, an end, and tokens across the borders of JSON's parts. */
  private static final List<String> WORDS =
      List.of(
          "{\"", "\":", "\": ", "\",", "\", \"", "\"}", "}}", "]}", "},", "[[", "[\"", "true",
          "null", "12", "0.", "-1", "é", "漢", "\\u00", "\\n", " \"", "\n  ", "abc", "name", "é\"");

  private static final TokenMasks MASKS = new TokenMasks(tokens(), Set.of(END));

  private static TokenBytes tokens() {
    byte[][] bytes = new byte[257 + WORDS.size()][];
    for (int b = 0; b < 256; b++) {
      bytes[b] = new byte[] {(byte) b};
    }
    for (int i = 0; i < WORDS.size(); i++) {
      bytes[257 + i] = WORDS.get(i).getBytes(StandardCharsets.UTF_8);
    }
    return new TokenBytes(bytes, Map.of(), false);
  }

  private static JsonNode json(String text) throws IOException {
    return JSON.readTree(text.replace('\'', '"'));
  }

  private static BitSet allowed(Constraint constraint, int count) {
    float[] logits = new float[count];
    constraint.restrict(logits);
    BitSet allowed = new BitSet();
    for (int id = 0; id < count; id++) {
      if (logits[id] == 0) {
        allowed.set(id);
      }
    }
    return allowed;
  }

  /** A text drawn by chance, with a liking for what ends things. */
  private static String draw(Grammar grammar, Random random) {
    Constraint constraint = new Constraint(grammar, MASKS);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (int steps = 0; !constraint.complete(); steps++) {
      assertThat(steps).as("steps of " + text).isLessThan(20_000);
      BitSet allowed = allowed(constraint, 257 + WORDS.size());
      int[] ids = allowed.stream().toArray();
      int token = ids[random.nextInt(ids.length)];
      for (int closing : new int[] {'}', ']', '"', END}) {
        if (allowed.get(closing) && random.nextInt(steps > 300 ? 2 : 3) == 0) {
          token = closing;
        }
      }
      if (token == END) {
        break;
      }
      constraint.saw(token);
      text.writeBytes(MASKS.tokens().bytes()[token]);
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  /** Whether a text passes, byte by byte, as far as its end. */
  private static boolean passes(Grammar grammar, String text) {
    Constraint constraint = new Constraint(grammar, MASKS);
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (!allowed(constraint, 257).get(b & 0xFF)) {
        return false;
      }
      constraint.saw(b & 0xFF);
    }
    return allowed(constraint, 257).get(END);
  }

  private static JsonSchema validator(JsonNode schema) {
    return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
        .getSchema(schema, SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build());
  }

  private static final String PERSON =
      "{'type':'object','properties':{'name':{'type':'string','minLength':1,'maxLength':20},"
          + "'age':{'type':'integer','minimum':-3,'maximum':130},"
          + "'tags':{'type':'array','items':{'enum':['a','b\\u00e9',3,null,{'x':[1]}]},'minItems':1,'maxItems':3},"
          + "'height':{'type':'number'},'nick':{'anyOf':[{'type':'string'},{'type':'null'}]}},"
          + "'required':['name','tags'],'additionalProperties':false}";

  private static final String TREE =
      "{'$ref':'#/$defs/node','$defs':{'node':{'type':'object','properties':{"
          + "'value':{'type':['integer','boolean']},'children':{'type':'array','items':{'$ref':'#/$defs/node'},'maxItems':2}},"
          + "'required':['value'],'additionalProperties':false}}}";

  private static final String SHAPE =
      "{'oneOf':[{'type':'object','properties':{'kind':{'const':'circle'},'r':{'type':'number','minimum':0,'maximum':9}},'required':['kind','r']},"
          + "{'type':'object','properties':{'kind':{'const':'box'},'w':{'type':'integer','exclusiveMinimum':0}},'required':['kind','w']}]}";

  private static final String PATTERNS =
      "{'type':'object','properties':{'a':{'type':'string','pattern':'^[A-Z]{2,4}-\\\\d+(\\\\.[^a-z\\\\s]?)*$'},"
          + "'b':{'type':'string','pattern':'(?:x|yy)\\\\W'},'c':{'type':'string','pattern':'^a|[a-z]$'},"
          + "'d':{'type':'string','pattern':'^.[\\\"\\\\\\\\/]$'}},'required':['a','b','c','d']}";

  private static final String FORMATS =
      "{'type':'array','prefixItems':[{'type':'string','format':'date'},{'type':'string','format':'date-time'},"
          + "{'type':'string','format':'uuid'},{'type':'string','format':'ipv4'},"
          + "{'type':'string','format':'time'},{'type':'string','format':'hostname'},{'type':'string','format':'uri'}],'items':false}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        PERSON,
        TREE,
        SHAPE,
        PATTERNS,
        FORMATS,
        "{}",
        "{'type':'object'}",
        "{'type':'object','additionalProperties':{'type':'integer'}}",
        "{'type':'object','required':['x','y'],'properties':{'y':true},'additionalProperties':{'type':'null'}}",
        "{'type':'object','properties':{'a':true,'b':true,'c':true}}",
        "{'properties':{'a':{'type':'null'}},'required':['a']}",
        "{'type':'array','items':{'type':'number','exclusiveMinimum':-2,'maximum':3},'minItems':2}",
        "{'type':'array','items':{'type':'number','minimum':-12,'exclusiveMaximum':-9},'minItems':3}",
        "{'type':'array','items':{'type':'integer','minimum':95,'maximum':1234},'minItems':3}",
        "{'type':'array','items':{'type':'integer','minimum':2.5,'exclusiveMaximum':11.5},'minItems':3}",
        "{'type':'array','prefixItems':[{'type':'null'},{'const':'x'}],'minItems':3,'maxItems':4}",
        "{'enum':[1,'1',null,[{}]],'type':['string','array']}",
        "{'allOf':[{'$ref':'#/definitions/é b'}],'definitions':{'é b':{'type':'boolean'}}}",
        "{'type':'string','maxLength':2}",
        "{'oneOf':[{'type':'string'},{'type':'integer'},{'enum':[null]}]}",
        "true",
      })
  void whatIsDrawnObeysTheSchema(String text) throws IOException {
    JsonNode schema = json(text);
    JsonSchema validator = validator(schema);
    Grammar grammar = Grammar.of(schema);
    Random random = new Random(7);
    for (int i = 0; i < 60; i++) {
      String drawn = draw(grammar, random);
      JsonNode value = JSON.readTree(drawn);
      assertThat(validator.validate(value)).as(drawn).isEmpty();
    }
  }

  /** White space as Python's and JavaScript's writers set it; and none of what does not obey. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        PERSON + "; {'name':'x','tags':['a']}; {'name':'','tags':['a']}",
        PERSON
            + "; {'name': 'Zoë', 'age': 42, 'tags': ['bé', 3, {'x':[1]}], 'height': -1.5e+3}; {'name':'x','tags':[]}",
        PERSON
            + "; {⏎  'name': 'x',⏎  'tags': [⏎    null⏎  ],⏎  'nick': null⏎}; {'name':'x','tags':['a'],'age':131}",
        PERSON
            + "; {'name':'\\u00e9\\n','age':-3,'tags':['a']}; {'name':'x','tags':['a'],'other':1}",
        TREE
            + "; {'value': 1, 'children': [{'value': true}, {'value': 0, 'children': []}]}; {'value': 1, 'children': [{}]}",
        SHAPE + "; {'kind': 'circle', 'r': 0.25}; {'kind': 'circle', 'w': 1}",
        SHAPE + "; {'kind': 'box', 'w': 1000}; {'kind': 'box', 'w': 0}",
        PATTERNS
            + "; {'a':'AB-12.É','b':'zzyy!','c':'b','d':'x\\\\'}; {'a':'ab-1','b':'x!','c':'b','d':'x/'}",
        "{'type':'array','items':{'type':'integer','minimum':95,'maximum':1234}}; [95, 99, 100, 999, 1000, 1234]; [94]",
        "{'type':'array','items':{'type':'integer','minimum':95,'maximum':1234}}; []; [1235]",
        "{'type':'array','items':{'type':'number','minimum':-1,'exclusiveMaximum':2}}; [-1, -0.5, 0, 1.99]; [2]",
      })
  void whatProgramsWritePassesAndNothingElse(String schema, String right, String wrong)
      throws IOException {
    JsonNode parsed = json(schema);
    Grammar grammar = Grammar.of(parsed);
    String text = right.replace('\'', '"').replace('⏎', '\n');
    assertThat(validator(parsed).validate(JSON.readTree(text))).as("the validator").isEmpty();
    assertThat(passes(grammar, text)).as(text).isTrue();
    String other = wrong.replace('\'', '"');
    assertThat(validator(parsed).validate(JSON.readTree(other))).as("the validator").isNotEmpty();
    assertThat(passes(grammar, other)).as(other).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{'not':{}}; not",
        "{'type':'object','patternProperties':{}}; patternProperties",
        "{'type':'array','uniqueItems':true}; uniqueItems",
        "{'type':'number','multipleOf':2}; multipleOf",
        "{'type':'number','minimum':0.5}; 0.5",
        "{'type':'string','pattern':'(?=x)'}; '(?'",
        "{'type':'string','pattern':'\\\\bx'}; '\\b'",
        "{'type':'string','pattern':'x','minLength':3}; pattern, format and length",
        "{'type':'string','format':'idn-email'}; idn-email",
        "{'allOf':[{},{}]}; allOf",
        "{'oneOf':[{'type':'integer'},{'type':'number'}]}; oneOf",
        "{'anyOf':[{}],'properties':{}}; anyOf beside properties",
        "{'$ref':'#/nowhere'}; #/nowhere",
        "{'$ref':'https://example.org/x'}; https://example.org/x",
        "{'type':'text'}; text",
        "{'type':'string','minLength':-1}; minLength",
        "{'type':'string','minLength':2,'maxLength':1}; cannot be met",
        "{'type':'integer','minimum':3,'exclusiveMaximum':3}; cannot be met",
        "{'type':'array','minItems':1,'items':false}; cannot be met",
        "{'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']}; cannot be met",
        "{'anyOf':[{'$ref':'#'}]}; cannot be met",
        "{'enum':['a'],'type':'integer'}; cannot be met",
        "false; cannot be met",
      })
  void whatCannotBeKeptIsRefusedByName(String schema, String says) throws IOException {
    JsonNode parsed = json(schema);
    assertThatThrownBy(() -> Grammar.of(parsed))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(says);
  }

  @Test
  void anObjectIsAnyJsonObjectAndNothingElse() throws IOException {
    Random random = new Random(3);
    Grammar grammar = Grammar.json();
    for (int i = 0; i < 100; i++) {
      String drawn = draw(grammar, random);
      assertThat(JSON.readTree(drawn).isObject()).as(drawn).isTrue();
    }
    assertThat(passes(grammar, "{\"a\": {\"b\": [1, [], {}, \"😀\", 1.5e-7]}}")).isTrue();
    for (String wrong :
        List.of("[]", "{", "{\"a\":01}", "{\"\\ud800\":1}", "{\"a\":\"\n\"}", "{,}")) {
      assertThat(passes(grammar, wrong)).as(wrong).isFalse();
    }
  }

  /**
   * What HTML calls a valid e-mail address; validators ask in addition whether its last part
   * exists.
   */
  @Test
  void addressesAreThoseOfHtml() throws IOException {
    Random random = new Random(5);
    Grammar grammar = Grammar.of(json("{'type':'string','format':'email'}"));
    for (int i = 0; i < 100; i++) {
      assertThat(JSON.readTree(draw(grammar, random)).asText())
          .matches(
              "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
                  + "(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*");
    }
  }

  /** A mask is made of what tokens have in common; each token alone is read again here. */
  @Test
  void aTokenMayComeIfAllOfItsBytesMay() throws IOException {
    try (var checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      TokenBytes tokens = TokenBytes.of(checkpoint, 32064);
      TokenMasks masks = new TokenMasks(tokens, Set.of(32000));
      Automaton.State state =
          new Automaton(
                  Rule.sequence(Rule.text("{\"n"), Rule.repeat(Rule.oneOf("abcdeim{ \"}"), 0, 5)))
              .start();
      List<Integer> counts = new ArrayList<>();
      for (int b : new int[] {'{', '"', 'n', 'a', 'm'}) {
        BitSet mask = masks.of(state);
        for (int id = 0; id < tokens.bytes().length; id++) {
          Automaton.State end = state;
          byte[] bytes = tokens.bytes()[id];
          for (int i = 0; bytes != null && end != null && i < bytes.length; i++) {
            end = end.after(bytes[i] & 0xFF);
          }
          boolean may =
              bytes == null ? id == 32000 && state.mayEnd() : end != null && bytes.length > 0;
          assertThat(mask.get(id)).as("token " + id).isEqualTo(may);
        }
        counts.add(mask.cardinality());
        state = state.after(b);
      }
      assertThat(counts.getLast()).isGreaterThan(20);
    }
  }
}

package phiquant.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.OddCheckpoints;
import phiquant.jinja.TemplateFamily;

/** Chat templates give what transformers' {@code apply_chat_template} gives, and other engines. */
class ChatTemplateIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What released templates do, besides those of the fixtures, one thing or a few in each. */
  private static final List<String> TEMPLATES =
      List.of(
          // Phi-3's first release: the turn of the assistant is opened by that of the user.
          "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') %}"
              + "{{'<|user|>' + '\\n' + message['content'] + '<|end|>' + '\\n' + '<|assistant|>' +"
              + " '\\n'}}{% elif (message['role'] == 'assistant') %}{{message['content'] +"
              + " '<|end|>' + '\\n'}}{% endif %}{% endfor %}",
          // Phi-4-reasoning: a fixed system turn.
          "<|im_start|>system<|im_sep|>You are Phi.<|im_end|>{% for message in messages %}{% if"
              + " (message['role'] == 'user') %}{{'<|im_start|>user<|im_sep|>' +"
              + " message['content'] + '<|im_end|>'}}{% elif"
              + " (message['role'] == 'assistant') %}{{message['content']}}"
              + "{% endif %}{% endfor %}",
          """
          {% for message in messages %}
            {% if loop.first and message['role'] != 'system' %}
          <|system|>
          You help.<|end|>
            {% endif %}
          <|{{ message['role'] }}|>
          {{ message['content'] | trim }}<|end|>
          {% endfor %}
          {% if add_generation_prompt %}
          <|assistant|>
          {% endif %}
          """,
          """
          {%- set ns = namespace(system='', count=0) -%}
          {%- for message in messages -%}
              {%- if message.role == 'system' -%}
                  {%- set ns.system = ns.system + message.content + '\\n' -%}
              {%- else -%}
                  {%- set ns.count = ns.count + 1 -%}
              {%- endif -%}
          {%- endfor -%}
          {{- bos_token -}}
          {%- if ns.system %}[{{ ns.system }}]{% endif -%}
          {%- for message in messages %}{% if message.role != 'system' %}
          ({{ loop.index }}/{{ ns.count }} {{ message['role'] | upper }}: {{ message.content }})
          {%- endif %}{% endfor %}
          """,
          "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}"
              + "{% set rest = messages[1:] %}{% else %}{% set system = 'none' %}"
              + "{% set rest = messages %}{% endif %}{{ system }}{% for message in rest %}"
              + "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
              + "{{ raise_exception('Roles must alternate.') }}{% endif %}"
              + "{{ loop.index0 }}{{ message.content.strip() }}{{ eos_token if loop.last else ';' }}"
              + "{% endfor %}",
          "{% for message in messages %}{{ message | tojson }}\n{% endfor %}"
              + "{{ {'a': 1, 'b': [1.5, true, none]} | tojson }}"
              + "{{ messages | tojson(indent=2) }}",
          "{% for m in messages %}{% if m['content'] is string and '</think>' in m.content %}"
              + "{{ m.content.split('</think>')[-1] }}{% else %}"
              + "{{ m.content.replace('a', '_') }}{% endif %}{% endfor %}",
          "{% if tools is defined and tools is not none %}tools{% endif %}"
              + "{% if not documents %}no documents{% endif %}"
              + "{% if strange is defined %}strange{% else %}plain{% endif %}"
              + "{{ messages | length }}{{ messages[-1]['role'] }}"
              + "{{ 'x' ~ 1 ~ 'y' }}{{ \"it's\" }}{{ 'say \"hi\"\\t' }}",
          "{# a remark #}\n{% macro turn(role, text) %}<{{ role }}>{{ text }}</{{ role }}>"
              + "{% endmacro %}{% for m in messages %}{{ turn(m.role, m.content) }}{% endfor %}\n\n");

  private static final List<List<Message>> CONVERSATIONS =
      List.of(
          List.of(Message.user("Hello, world!")),
          List.of(Message.system("Be brief."), Message.user("What is 1 + 1?")),
          List.of(
              Message.user("  spaces around \n"),
              Message.assistant("<think>\na\n</think>\n\nAn answer."),
              Message.user("naïve 🦙 <b>\"quoted\"</b> it's & \\n \\ ")),
          List.of(Message.user("{{ 1 + 1 }} {% if x %} {# no #} {{ raise_exception('x') }}")),
          List.of(Message.user("one"), Message.user("two")),
          List.of(Message.user("")));

  @TempDir Path folder;

  @Test
  void textsAreThoseOfTransformers() throws IOException {
    ArrayNode cases = JSON.createArrayNode();
    List<String> ours = new ArrayList<>();
    List<String> templates = new ArrayList<>(TEMPLATES);
    ObjectNode tokens = JSON.createObjectNode();
    tokens.put("bos_token", "<s>").put("eos_token", "<|endoftext|>");
    for (Path model :
        List.of(
            Fixtures.smolPhi135m(),
            Fixtures.tinyPhi35Mini(),
            Fixtures.tinyPhi4(),
            Fixtures.tinyPhi4Mini())) {
      templates.add(
          JSON.readTree(model.resolve("tokenizer_config.json").toFile())
              .path("chat_template")
              .asText());
    }
    for (String template : templates) {
      for (List<Message> messages : CONVERSATIONS) {
        ObjectNode each = cases.addObject();
        each.put("template", template).set("messages", turns(messages));
        each.set("tokens", tokens);
        ours.add(render(template, messages, tokens));
      }
    }
    Path file = folder.resolve("cases.json");
    JSON.writeValue(file.toFile(), cases);
    JsonNode theirs =
        JSON.readTree(
            Engines.run(Engines.python("mlx"), "engines/chat_template_driver.py", file.toString()));
    assertThat(theirs).hasSameSizeAs(ours);
    List<String> expected = new ArrayList<>();
    theirs.forEach(text -> expected.add(text.isNull() ? null : text.asText()));
    for (int i = 0; i < ours.size(); i++) {
      assertThat(ours.get(i)).as(cases.get(i).toString()).isEqualTo(expected.get(i));
    }
    assertThat(expected).as("one template refuses").containsOnlyOnce((String) null);
  }

  /** As many as take some seconds, of every part of the family. */
  @Test
  void whatDiffersIsRefusedAndNeverSilentlyWrong() throws IOException {
    List<String> family = new ArrayList<>(TemplateFamily.templates());
    Collections.shuffle(family, new Random(1));
    assertSameOrRefused(family.subList(0, 1500));
  }

  @Test
  @Tag("slow")
  void whatDiffersInAllOfTheFamilyIsRefusedAndNeverSilentlyWrong() throws IOException {
    assertSameOrRefused(TemplateFamily.templates());
  }

  /**
   * Every template gives transformers' text, or is refused by name. Never another text, and nothing
   * where transformers raises.
   */
  private void assertSameOrRefused(List<String> family) throws IOException {
    List<Message> messages =
        List.of(Message.system("Be brief."), Message.user("What is 1 + 1?"), Message.user("So?"));
    ObjectNode tokens = JSON.createObjectNode().put("bos_token", "<s>");
    ArrayNode cases = JSON.createArrayNode();
    for (String template : family) {
      ObjectNode each = cases.addObject();
      each.put("template", template).set("messages", turns(messages));
      each.set("tokens", tokens);
    }
    Path file = folder.resolve("family.json");
    JSON.writeValue(file.toFile(), cases);
    JsonNode theirs =
        JSON.readTree(
            Engines.run(Engines.python("mlx"), "engines/chat_template_driver.py", file.toString()));
    List<String> wrong = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    int same = 0;
    for (int i = 0; i < family.size(); i++) {
      String expected = theirs.path(i).isNull() ? null : theirs.path(i).asText();
      String ours;
      try {
        ours = ChatTemplate.of(family.get(i), tokens).render(messages);
      } catch (UserError e) {
        if (expected != null) {
          (e.getMessage().contains("not supported") ? refused : wrong)
              .add(family.get(i) + " -> " + expected + " | " + e.getMessage());
        }
        continue;
      }
      if (ours.equals(expected)) {
        same++;
      } else {
        wrong.add(family.get(i) + " -> " + expected + " | " + ours);
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(refused.size()).as("refused: %s", refused).isLessThan(same / 10);
  }

  /** So quantize needs no note about the tag: transformers and these engines render its content. */
  @Test
  void enginesRenderTheGenerationTagAsWeDo() throws IOException {
    List<Message> messages =
        List.of(Message.user("Hi."), Message.assistant("Hello."), Message.user("Bye."));
    Path file = folder.resolve("conversations.json");
    JSON.writeValue(file.toFile(), List.of(turns(messages)));
    Path onnx;
    Path openVino;
    String ours;
    try (Checkpoint source = Checkpoints.open(OddCheckpoints.GENERATION_TAG.in(folder))) {
      ours = ChatTemplate.of(source).render(messages);
      List<Path> made =
          Quantize.of(source).to("onnx:int4").to("openvino:int4").into(folder.resolve("out"));
      onnx = made.get(0);
      openVino = made.get(1);
    }
    assertThat(chat("onnx", "engines/onnx_driver.py", onnx, file)).isEqualTo(ours);
    assertThat(chat("openvino", "engines/openvino_tokenizer_driver.py", openVino, file))
        .isEqualTo(ours);
  }

  private static String chat(String engine, String driver, Path artifact, Path conversations)
      throws IOException {
    String line =
        Engines.run(
            Engines.python(engine), driver, "chat", artifact.toString(), conversations.toString());
    return JSON.readTree(line).asText();
  }

  private static String render(String template, List<Message> messages, ObjectNode tokens) {
    try {
      return ChatTemplate.of(template, tokens).render(messages);
    } catch (UserError e) {
      return null;
    }
  }

  /** What transformers is given: no key of tools where none was called. */
  private static ArrayNode turns(List<Message> messages) {
    ArrayNode turns = JSON.createArrayNode();
    for (Message message : messages) {
      turns.addObject().put("role", message.role()).put("content", message.content());
    }
    return turns;
  }
}

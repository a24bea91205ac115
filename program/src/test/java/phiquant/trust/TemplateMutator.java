package phiquant.trust;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes chat templates at random: of what templates have, whole or cut, and of what they should
 * not do: loops without end, texts that double, names of Java's.
 */
record TemplateMutator() implements Mutator {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> PIECES =
      List.of(
          "{{ messages[0]['content'] }}",
          "{{ messages[99]['content'] }}",
          "{{ message.content | trim }}",
          "{{ messages | tojson }}",
          "{{ messages | length }}",
          "{{ 1 / 0 }}",
          "{{ 'x' * 3 }}",
          "{{ 'x' * 2000000000 }}",
          "{{ 'x'.center(2000000000) }}",
          "{{ '%1000000000d' | format(1) }}",
          "{{ range(10) | list }}",
          "{{ range(1000000000) | list | length }}",
          "{{ nothing.at.all }}",
          "{{ ''.getClass() }}",
          "{{ ''.__class__.__mro__ }}",
          "{{ raise_exception('no') }}",
          "{{ strftime_now('%Y') }}",
          "{{ bos_token }}",
          "{{ eos_token }}",
          "{{ 'a' | nonsense }}",
          "{{ [1,2,3] | map('string') | join(',') }}",
          "{{ messages | selectattr('role', 'equalto', 'user') | list }}",
          "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' is match('(a+)+$') }}",
          "{{ namespace(x=1) }}",
          "{{ (((((((((1))))))))) }}",
          "{{ messages[0] }}",
          "{% set x = [1] %}",
          "{% set x = x + x %}",
          "{% set ns = namespace(n=0) %}",
          "{% break %}",
          "{% continue %}",
          "{% include 'other' %}",
          "{% import 'other' as o %}",
          "{% extends 'other' %}",
          "{# a comment #}",
          "{{",
          "}}",
          "{%",
          "{% endfor %}",
          "{% endif %}",
          "{%- -%}",
          "plain\n");

  private static final List<String> BLOCKS =
      List.of(
          "{%% for message in messages %%}%s{%% endfor %%}",
          "{%% for i in range(1000) %%}%s{%% endfor %%}",
          "{%% for i in range(100000) %%}%s{%% endfor %%}",
          "{%% if add_generation_prompt %%}%s{%% endif %%}",
          "{%% if messages[0].role == 'user' %%}%s{%% else %%}%1$s{%% endif %%}",
          "{%% macro m(x) %%}%s{%% endmacro %%}{{ m(1) }}",
          "{%% macro m(x) %%}%s{{ m(x) }}{%% endmacro %%}{{ m(1) }}",
          "{%% generation %%}%s{%% endgeneration %%}",
          "{%% raw %%}%s{%% endraw %%}",
          "{%% filter upper %%}%s{%% endfilter %%}",
          "{%% set y %%}%s{%% endset %%}{{ y }}",
          "{%% call m() %%}%s{%% endcall %%}");

  @Override
  public void mutate(Input input, Dice dice) {
    String template = template(dice, 0);
    if (dice.oneIn(10)) {
      template = template.substring(0, dice.below(template.length() + 1));
    }
    if (dice.oneIn(20)) {
      int depth = dice.of(50, 500, 5000);
      template = "{% if true %}".repeat(depth) + template + "{% endif %}".repeat(depth);
    }
    input.changed("the chat template is %s", template);
    if (dice.oneIn(3)) {
      input.files.put("chat_template.jinja", template.getBytes(StandardCharsets.UTF_8));
      return;
    }
    byte[] bytes = input.files.get("tokenizer_config.json");
    try {
      if (bytes != null && JSON.readTree(bytes) instanceof ObjectNode config) {
        config.put("chat_template", template);
        input.files.put(
            "tokenizer_config.json", config.toString().getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      new BytesMutator("tokenizer_config.json").mutate(input, dice); // It was broken before.
    }
  }

  private static String template(Dice dice, int depth) {
    StringBuilder text = new StringBuilder();
    for (int i = dice.below(4); i >= 0; i--) {
      text.append(
          depth < 4 && dice.oneIn(2)
              ? String.format(dice.pick(BLOCKS), template(dice, depth + 1))
              : dice.pick(PIECES));
    }
    return text.toString();
  }
}

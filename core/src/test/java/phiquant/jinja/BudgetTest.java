package phiquant.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No template takes more than 2 seconds and 300 MB, and when it is refused nothing goes on. Those
 * here are little beyond the budget; Jinja itself renders them in seconds or says that they are too
 * deep.
 */
class BudgetTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(2999) %}{% for b in range(2999) %}{% endfor %}{% endfor %}",
        "{% for a in range(2999) %}{% for b in range(2999) %}x{% endfor %}{% endfor %}",
        "{{ 'x'.center(60000000) }}",
        "{{ 'x' | center(60000000) }}",
        "{{ '%60000000d' % 1 }}",
        "{{ '%.60000000f' % 1 }}",
        "{{ 'x' * 60000000 }}",
        "{% set l = [0] * 60000000 %}",
        "{{ 'x'.zfill(60000000) }}",
        "{{ 'x' | indent(60000000, true) }}",
        "{% set ns = namespace(l=[0]) %}{% for a in range(25) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l='x') %}{% for a in range(26) %}{% set ns.l = ns.l ~ ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[0]) %}{% for a in range(22) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[0]) %}{% for a in range(22) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% set ns = namespace(l=[0]) %}{% for a in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[0]) %}{% for a in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l == ns.l + [1] }}{{ ns.l | tojson }}",
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{% set s = 'ab' * 1000000 %}{% for a in range(999) %}{% if (s ~ 'c') in s %}{% endif %}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for a in range(99) %}{% set t = s.replace('a', 'b') %}{% endfor %}",
        "{% set s = 'a ' * 1000000 %}{% for a in range(99) %}{% set t = s.split() %}{% endfor %}",
        "{% for a in range(999) %}{% set t = range(99999) | list %}{% endfor %}",
        "{% for a in range(99) %}{% set t = range(99999) | map('string') | join %}{% endfor %}",
        "{% for a in range(9999) recursive %}{{ loop(range(9999)) }}{% endfor %}",
        "{{ 'x' * 2 ** 26 }}",
        "{{ range(99999) | sort | batch(2) | list | tojson(indent=99) }}{{ range(99999) | list | string * 99 }}",
      })
  void aTemplateThatTakesTooMuchIsRefusedInTime(String template) {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    assertThatThrownBy(() -> Template.of(template).render(Map.of()))
        .isInstanceOf(TemplateError.class);
    assertThat((threads.getCurrentThreadCpuTime() - start) / 1e9).isLessThan(2);
  }

  @Test
  void deepTemplatesAreRefusedBeforeTheStackEnds() {
    for (String template :
        List.of(
            "{{ " + "(".repeat(9999) + "1" + ")".repeat(9999) + " }}",
            "{{ " + "not ".repeat(9999) + "1 }}",
            "{{ " + "-".repeat(9999) + "1 }}",
            "{{ 1" + " + 1".repeat(9999) + " }}",
            "{{ x" + "[0]".repeat(9999) + " }}",
            "{% if 1 %}".repeat(9999) + "{% endif %}".repeat(9999))) {
      assertThatThrownBy(() -> Template.of(template).render(Map.of()))
          .isInstanceOf(TemplateError.class)
          .hasMessageContaining("nested");
    }
  }

  @Test
  void aConversationOfTenThousandTurnsIsRendered() {
    String template =
        "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'].strip() + '<|end|>' }}{% endfor %}";
    Map<Object, Object> turn = Map.of("role", "user", "content", " What is 1 + 1? ".repeat(20));
    String prompt =
        Template.of(template)
            .render(Map.of("messages", java.util.Collections.nCopies(10_000, turn)));
    assertThat(prompt).hasSizeGreaterThan(3_000_000);
  }

  /** Python 3.11: datetime(2024, 2, 9, 15, 4, 5, 678).strftime(...). */
  @Test
  void datesAreThoseOfPython() {
    ZonedDateTime time = ZonedDateTime.of(2024, 2, 9, 15, 4, 5, 678_000, ZoneId.of("UTC"));
    assertThat(
            Strftime.format(
                time, "%Y-%m-%d %H:%M:%S|%d %b %Y|%B %-d, %y|%A %a %I %p %j %e|%f%%|%c|%x %X"))
        .isEqualTo(
            "2024-02-09 15:04:05|09 Feb 2024|February 9, 24|Friday Fri 03 PM 040  9|000678%|Fri Feb  9 15:04:05 2024|02/09/24 15:04:05");
  }
}

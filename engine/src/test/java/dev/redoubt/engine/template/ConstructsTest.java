package dev.redoubt.engine.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What each construct gives, as Jinja gives it.
class ConstructsTest {
    private static final Map<String, Object> DATA = Map.of(
            "a",
            "Hello",
            "n",
            3L,
            "f",
            1.5,
            "yes",
            true,
            "list",
            List.of(3L, 1L, 2L),
            "words",
            List.of("b", "A", "c", "b"),
            "map",
            Map.of("k", "v"),
            "messages",
            List.of(Map.of("role", "user", "n", 2L), Map.of("role", "tool", "n", 1L)));

    private static String render(String template) {
        return ChatTemplate.parse(template).render(DATA, Data.DAY).text();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            ignoreLeadingAndTrailingWhitespace = true,
            quoteCharacter = '`',
            value = {
                "{{ 1 + 2 * 3 - 4 }}§3",
                "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }}§3 -4 2 3.5 1024",
                "{{ 1e16 }} {{ 1.0 }} {{ 0.00001 }} {{ 123456.789 }}§1e+16 1.0 1e-05 123456.789",
                "{{ 'a' ~ 1 ~ none ~ true }}§a1NoneTrue",
                "{{ 'ab' * 3 }} {{ [1] * 2 }}§ababab [1, 1]",
                "{{ not a == 'Hello' }} {{ 1 < n < 5 }} {{ 'el' in a }} {{ 9 not in list }}§False True True True",
                "{{ a if n > 5 else 'no' }}|{{ a if n > 5 }}§no|",
                "{{ x is defined }} {{ a is string and n is number }} {{ map is mapping }} {{ list is iterable }}§False True True True",
                "{{ n is odd }} {{ n is divisibleby 3 }} {{ n is not none }} {{ 'x' is eq 'x' }} {{ n is in list }}§True True True True True",
                "{{ a[0] }}{{ a[-1] }} {{ a[1:3] }} {{ a[::-1] }} {{ list[1:] }} {{ a[9] }}§Ho el olleH [1, 2]",
                "{{ 'h€😀x'[2] }} {{ 'h€😀x' | length }} {{ 'h€😀x'[::-1] }}§😀 4 x😀€h",
                "{{ map.k }} {{ map['k'] }} {{ map.get('z', 'd') }} {{ map.get('z') }} {{ map.z }}§v v d None",
                "{% for k, v in map.items() %}{{ k }}={{ v }}{% endfor %}§k=v",
                "{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }} {% endfor %}§103TrueFalse 212FalseFalse 321FalseTrue",
                "{% for x in list if x > 1 %}{{ x }}/{{ loop.length }} {% else %}none{% endfor %}§3/2 2/2",
                "{% for x in [] %}x{% else %}empty{% endfor %}§empty",
                "{% for x in list %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}§32",
                "{% for x in list %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% endfor %}§31",
                "{% for x in list %}{{ loop.previtem }},{{ loop.nextitem }};{% endfor %}§,1;3,2;1,;",
                "{% for x in list %}{{ loop.cycle('a', 'b') }}{% endfor %}§aba",
                "{% set x = 1 %}{% for i in list %}{% set x = i %}{% endfor %}{{ x }}§1",
                "{% set x = 1 %}{% if yes %}{% set x = 2 %}{% endif %}{{ x }}§2",
                "{% set a, b = 1, 2 %}{{ b }}{{ a }}§21",
                "{% set ns = namespace(c=0) %}{% for i in list %}{% set ns.c = ns.c + i %}{% endfor %}{{ ns.c }}§6",
                "{% set x %}in{{ n }}{% endset %}{{ x }} {% set y | upper %}up{% endset %}{{ y }}§in3 UP",
                "{% macro m(a, b='B', c=none) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=2) }}§1BNone 1B2",
                "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}in{% endcall %}§[in]",
                "{% macro m() %}{{ caller(5) }}{% endmacro %}{% call(x) m() %}<{{ x }}>{% endcall %}§<5>",
                "{% filter upper %}ab{{ a }}{% endfilter %}§ABHELLO",
                "{% with x = 5, y = 6 %}{{ x }}{{ y }}{% endwith %}{{ x }}§56",
                "{% raw %}{{ x }}{% endraw %}{# gone #}§{{ x }}",
                "{{ ' a b ' | trim }}|{{ 'xax'.strip('x') }}|{{ ' a'.lstrip() }}|{{ 'a\\n'.rstrip() }}§a b|a|a|a",
                "{{ 'a-b c'.title() }} {{ 'hello wORLD' | title }} {{ 'hELLO' | capitalize }}§A-B C Hello World Hello",
                "{{ 'a,b,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1)[1] }} {{ 'a,b,c'.rsplit(',', 1) }}§[\"a\", \"b\", \"c\"] [\"a\", \"b\"] b,c [\"a,b\", \"c\"]",
                "{{ 'aXbX' | replace('X', '-') }} {{ 'aXbX'.replace('X', '', 1) }} {{ 'abc'.find('c') }}§a-b- abX 2",
                "{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ '12'.isdigit() }}§True True True",
                "{{ words | join('-') }} {{ messages | join(',', attribute='role') }} {{ '-'.join(words) }}§b-A-c-b user,tool b-A-c-b",
                "{{ words | sort | join }} {{ list | sort(reverse=true) | join }} {{ messages | sort(attribute='n') | map(attribute='role') | join }}§Abbc 321 tooluser",
                "{{ words | unique | list }} {{ words | first }} {{ words | last }} {{ list | sum }} {{ list | max }} {{ list | min }}§[\"b\", \"A\", \"c\"] b b 6 3 1",
                "{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('n', 'gt', 1) | map(attribute='role') | list }}§1 [\"tool\"]",
                "{{ list | select('odd') | list }} {{ list | reject('odd') | list }} {{ words | map('upper') | join }}§[3, 1] [2] BACB",
                "{{ x | default('d') }} {{ '' | default('d', true) }} {{ '' | default('d') }}.§d d .",
                "{{ '12' | int + 1 }} {{ 'x' | int(7) }} {{ '1.5' | float }} {{ 2.5 | int }} {{ 2.567 | round(2) }} {{ -3 | abs }}§13 7 1.5 2 2.57 3",
                "{{ {'b': 1, 'a': [true, none, 1.0]} | tojson }}§{\"b\": 1, \"a\": [true, null, 1.0]}",
                "{{ [1, {'a': 2}] | tojson(indent=1) }}§`[\n 1,\n {\n  \"a\": 2\n }\n]`",
                "{{ {'b': 1, 'a': 'é<'} | tojson(separators=(',', ':'), sort_keys=true) }} {{ 'é' | tojson(ensure_ascii=true) }}§{\"a\":\"é<\",\"b\":1} \"\\u00e9\"",
                "{{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1} | items | list }} {{ map | length }}§[[\"a\", 2], [\"b\", 1]] [[\"b\", 1]] 1",
                "{{ '<&>' | e }} {{ '<' | safe }} {{ 'a\\nb' | indent(2) }}§`&lt;&amp;&gt; < a\n  b`",
                "{{ range(3) | list }} {{ range(5, 0, -2) | list }} {{ dict(x=1).x }}§[0, 1, 2] [5, 3, 1] 1",
                "{{ strftime_now('%d %B %Y %b %y-%m') }}§10 July 2025 Jul 25-07",
                "{{ 'a' 'b' }} {{ \"it's\" }} {{ 'tab\\tx' }} {{ '\\u00e9\\x41' }}§`ab it's tab\tx éA`",
                "{{ (1, 2) == (1, 2) }} {{ [1] == [1.0] }} {{ {'a': 1} == {'a': 1} }} {{ none == none }} {{ 1 == true }}§True True True True True",
                "{{ messages[0].role.upper() }} {{ messages.0.role }} {{ messages[-1]['role'] }}§USER user tool",
                "{{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'A' is upper }} {{ list is sameas 3 }}§True True True False",
                "{{ words[0] + words[1] | lower + '!' }}§ba!",
                "{{ '%s-%d%%' | format('a', 5) }} {{ 'abc' | reverse }} {{ [1,2] | reverse | list }}§a-5% cba [2, 1]",
            })
    void constructGives(String template, String expected) {
        assertThat(render(template).strip()).isEqualTo(expected == null ? "" : expected);
    }

    @Test
    void whitespaceIsControlledAsInTransformers() {
        assertThat(render("a\n{% if yes %}\n  b\n{% endif %}\nc\n")).isEqualTo("a\n  b\nc");
        assertThat(render("a\n   {% if yes %}x{% endif %}")).isEqualTo("a\nx");
        assertThat(render("a\n   {%+ if yes %}x{% endif %}")).isEqualTo("a\n   x");
        assertThat(render("a  {%- if yes -%}  x  {%- endif -%}  b")).isEqualTo("axb");
        assertThat(render("a  {{- n -}}  b {{ n }}\nc")).isEqualTo("a3b 3\nc");
        assertThat(render("a {# c #}\nb\n  {#- c -#}\n c")).isEqualTo("a b c".replace("b c", "bc"));
        assertThat(render("x\r\ny\n\n")).isEqualTo("x\ny\n");
        assertThat(render("{% raw -%}  {{ }} {%- endraw %}z")).isEqualTo("{{ }}z");
        assertThat(render("{{ {'a': {'b': 1}}.a.b }}")).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ x.y }}",
                "{{ x + 1 }}",
                "{{ x() }}",
                "{{ 1 + 'a' }}",
                "{{ a.nothing() }}",
                "{{ list.append(1) }}",
                "{{ none | length }}",
                "{{ 1 < 'a' }}",
                "{% for x in 5 %}{% endfor %}",
                "{% set map.k = 1 %}",
                "{{ 'x' | format(1) }}",
                "{{ a | trim(1, 2) }}",
                "{{ 5 | items }}",
                "{% for a, b in list %}{% endfor %}",
                "{% set a, b = [1] %}",
                "{{ a['x']['y'] }}",
                "{{ range(1, 5, 0) }}",
                "{{ namespace }}",
                "{{ {[1]: 2} }}",
                "{% macro m() %}{% endmacro %}{{ m(1) }}",
                "{{ '' is divisibleby }}",
                "{{ -'a' }}",
                "{{ loop.index.x.y }}"
            })
    void mistakeIsRefusedWithItsLine(String template) {
        ChatTemplate parsed = ChatTemplate.parse("\n\n" + template);
        assertThatThrownBy(() -> parsed.render(DATA))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("template line 3: ")
                .satisfies(e -> assertThat(((TemplateException) e).raised()).isFalse());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{",
                "{% if %}",
                "{% for in x %}{% endfor %}",
                "{{ 1 2 }}",
                "{% endfor %}",
                "{% if yes %}{% endfor %}",
                "{{ (1 }}",
                "{{ [1, }",
                "{{ a | }}",
                "{{ a is }}",
                "{% break %}",
                "{{ 99999999999999999999 }}",
                "{{ \u0001 }}",
                "{% set %}",
                "{% block x %}{% endblock %}",
                "{{ f(a=1, 2) }}",
                "{{ a. }}",
                "{{ '\\x1' }}",
                "{{ '\\U00110000' }}",
                "{% raw %}",
                "{% set x = %}",
                "{% call 5 %}{% endcall %}",
                "{% macro m(%}{% endmacro %}"
            })
    void noTemplateIsRefusedWhenParsed(String template) {
        assertThatThrownBy(() -> ChatTemplate.parse(template))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("template line 1: ");
    }

    @Test
    void raisedMessageIsShownBoundedAndClean() {
        ChatTemplate template = ChatTemplate.parse("{{ raise_exception('no\n' + a * 1000) }}");
        assertThatThrownBy(() -> template.render(DATA))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("template line 1: raised: no HelloHello")
                .satisfies(e -> {
                    assertThat(((TemplateException) e).raised()).isTrue();
                    assertThat(e.getMessage()).hasSizeLessThan(260);
                });
    }

    @Test
    void budgetsEndWhatDataMakesLong() {
        ChatTemplate loops = ChatTemplate.parse(
                "{% for a in x %}{% for b in x %}{% for c in x %}.{% endfor %}{% endfor %}{% endfor %}");
        List<Long> thousand = java.util.Collections.nCopies(1_000, 1L);
        assertThatThrownBy(() -> loops.render(Map.of("x", thousand))).hasMessageContaining("step budget");
        ChatTemplate output = ChatTemplate.parse("{% for a in x %}{{ y }}{% endfor %}");
        assertThatThrownBy(() -> output.render(Map.of("x", thousand, "y", "0123456789".repeat(1_000))))
                .hasMessageContaining("output");
        ChatTemplate deep = ChatTemplate.parse(
                "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}");
        assertThatThrownBy(() -> deep.render(Map.of())).hasMessageContaining("depth");
        ChatTemplate dag = ChatTemplate.parse(
                "{% set ns = namespace(x=['y']) %}{% for i in range(50) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x == ns.x }}");
        assertThatThrownBy(() -> dag.render(Map.of())).hasMessageContaining("budget");
        assertThatThrownBy(() -> ChatTemplate.parse("x".repeat(ChatTemplate.SOURCE_CHARS_MAX + 1)))
                .hasMessageContaining("limit");
    }

    @Test
    void deepestTemplatesFitASmallStack() throws Exception {
        String expression = "(".repeat(55) + "1" + ")".repeat(55);
        String filters = "{{ a" + "|trim".repeat(10_000) + " }}";
        String fields = "{{ a" + "[0]".repeat(20_000) + " }}";
        String macro =
                "{% macro m(n) %}{% if n %}{% if n %}{% if n %}{{ ((((m(n - 1))))) }}{% endif %}{% endif %}{% endif %}{% endmacro %}{{ m(100000) }}";
        List<String> outcomes = new java.util.ArrayList<>();
        Thread small = Thread.ofPlatform()
                .name("small-stack")
                .stackSize(512 << 10)
                .unstarted(() -> {
                    for (String template : List.of("{{ " + expression + " }}", filters, fields, macro)) {
                        try {
                            outcomes.add(render(template));
                        } catch (TemplateException e) {
                            outcomes.add("refused");
                        }
                    }
                });
        small.start();
        small.join();
        assertThat(outcomes).containsExactly("1", "refused", "refused", "refused");
    }

    @Test
    void originIsKeptCharacterByCharacter() {
        RenderedText rendered = ChatTemplate.parse(
                        "<{{ a | upper }}{{ (' ' + a + '|x ') | trim | replace('l', 'L') }}>")
                .render(DATA);
        assertThat(rendered.pieces())
                .containsExactly(
                        new RenderedText.Piece("<", true),
                        new RenderedText.Piece("HELLOHe", false),
                        new RenderedText.Piece("LL", true),
                        new RenderedText.Piece("o", false),
                        new RenderedText.Piece("|x>", true));
    }
}

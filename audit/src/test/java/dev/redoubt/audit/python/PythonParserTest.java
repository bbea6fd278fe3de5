package dev.redoubt.audit.python;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PythonParserTest {
    private static List<Node> nodes(String source) {
        List<Node> all = new ArrayList<>();
        PythonParser.parse(source).forEach(statement -> statement.walk(all::add));
        return all;
    }

    private static <T extends Node> T first(Class<T> type, String source) {
        return nodes(source).stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow();
    }

    private static String call(String source) {
        Call call = first(Call.class, source);
        return source.substring(call.start(), call.end());
    }

    @Test
    void placesAreThoseOfTheText() {
        assertThat(call("x = [f(a, *b, c=1, **d) for y in z]")).isEqualTo("f(a, *b, c=1, **d)");
        assertThat(call("@d(\n  1,\n)\ndef f(): pass")).isEqualTo("d(\n  1,\n)");
        assertThat(call("x = f\"{g(1)!r:>{10}}\"")).isEqualTo("g(1)");
    }

    @Test
    void textsAreJoinedAndTheirEscapesRead() {
        Text text = first(Text.class, "x = 'a\\n' \"b\\x41\" r'\\d' f'{{{y}}}'");
        assertThat(text.text()).isEqualTo("a\nbA\\d{" + Expression.HOLE + "}");
        assertThat(text.holes()).hasSize(1);
        assertThat(first(Text.class, "x = f\"{y[\"k\"]}-{'a' + 'b'}\"").holes()).hasSize(2);
        assertThat(first(Text.class, "x = '''a\n'b' ''' + y").text()).isEqualTo("a\n'b' ");
    }

    @Test
    void everyStatementOfPythonIsRead() {
        String source = """
                from __future__ import annotations
                import a.b as c, d
                from .e import (f, g as h,)
                async def i(j, /, k: int = 1, *l, m=2, **n) -> str:
                    async with o(p) as q, r: await s
                    async for t in u: yield t
                    return v if w else x
                @y
                class Z[T](A, metaclass=B):
                    c: int = 1
                    d = e = 2
                with (open("f") as g, open("h")):
                    pass
                try:
                    i += 1
                except* (J, K) as l:
                    raise M from n
                else:
                    del o
                finally:
                    assert p, q
                while not r: s; t
                else: u
                match v:
                    case [w, *x] if y: z
                    case _: a
                match = 1
                match.b(c)
                type D = int
                if (e := f(1)) is not None and g not in h: lambda i, *j: k
                print(*l, m[1:2, ::3], {**n, "o": 1}, {p for p in q if r if s}, -t ** 2 @ u, v < w <= x)
                """;
        List<Node> all = nodes(source);
        assertThat(all.stream().filter(Expression.Unreadable.class::isInstance)).isEmpty();
        assertThat(all.stream().filter(Statement.Function.class::isInstance)).hasSize(1);
        assertThat(all.stream().filter(Statement.Block.class::isInstance)).hasSize(6);
        assertThat(all.stream()
                        .filter(node -> node instanceof Expression.Name name
                                && name.id().equals("u")))
                .hasSize(3);
    }

    @Test
    void whatFollowsABrokenStatementIsRead() {
        assertThat(call("x = (1,\ndef f(:\n  $ %\nclass X:\n  pass\nfoo(1)")).isEqualTo("foo(1)");
        assertThat(call("x = 'never closed\nfoo(2)")).isEqualTo("foo(2)");
    }

    /// Every text has a tree, places in it and children inside their parents.
    @Test
    void anyTextHasATree() {
        String[] pieces = {
            "def ",
            "f(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ":",
            "\n",
            "    ",
            "\t",
            "'",
            "\"\"\"",
            "f'",
            "{x",
            "=",
            "if ",
            "else",
            "for x in ",
            "lambda ",
            "*",
            "**",
            ",",
            "@",
            "\\\n",
            "1e5",
            "é",
            "\uD800",
            "class A",
            "#",
            "await ",
            "not ",
            "match x:"
        };
        for (int seed = 0; seed < 3_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40); i >= 0; i--) text.append(pieces[random.nextInt(pieces.length)]);
            for (Node node : nodes(text.toString()))
                assertThat(node.start())
                        .as("seed %d", seed)
                        .isBetween(0, text.length())
                        .isLessThanOrEqualTo(Math.max(node.start(), node.end()));
        }
    }
}

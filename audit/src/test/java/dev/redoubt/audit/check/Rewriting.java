package dev.redoubt.audit.check;

import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.PythonParser;
import dev.redoubt.audit.python.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Changes of a program that change nothing of what it does.
enum Rewriting {
    /// Names of variables.
    RENAMED {
        @Override
        List<Edit> edits(String text, List<Node> nodes) {
            Set<String> names = new HashSet<>();
            for (Node node : nodes)
                if (node instanceof Statement.Assign assign)
                    for (Expression target : assign.targets())
                        if (target instanceof Name name && assign.type() == null) names.add(name.id());
            for (Node node : nodes)
                if (node instanceof Statement.Function function)
                    function.parameters().forEach(parameter -> names.remove(parameter.name()));
                else if (node instanceof Expression.Attribute attribute) names.remove(attribute.name());
            // a name is a part of what some checks look at: what it says stays in it
            return nodes.stream()
                    .filter(node -> node instanceof Name name && names.contains(name.id()))
                    .map(node -> new Edit(node.start(), node.start(), isConstant(text, node) ? "MY_" : "my_"))
                    .toList();
        }
    },
    /// Keyword arguments in the opposite order.
    REORDERED {
        @Override
        List<Edit> edits(String text, List<Node> nodes) {
            List<Edit> edits = new ArrayList<>();
            for (Call call : innermost(nodes)) {
                List<Argument> keywords = keywords(call);
                for (int i = 0; i < keywords.size(); i++) {
                    Argument here = keywords.get(i);
                    Argument other = keywords.get(keywords.size() - 1 - i);
                    edits.add(new Edit(
                            here.start(),
                            here.value().end(),
                            text.substring(other.start(), other.value().end())));
                }
            }
            return edits;
        }
    },
    /// Every argument on a line of its own.
    SPLIT {
        @Override
        List<Edit> edits(String text, List<Node> nodes) {
            List<Edit> edits = new ArrayList<>();
            for (Node node : nodes)
                if (node instanceof Call call)
                    for (Argument argument : call.arguments())
                        if (text.charAt(call.end() - 1) == ')')
                            edits.add(new Edit(argument.start(), argument.start(), "\n        # one\n        "));
            return edits;
        }
    },
    /// What is imported gets another name.
    ALIASED {
        @Override
        List<Edit> edits(String text, List<Node> nodes) {
            Set<String> names = new HashSet<>();
            List<Edit> edits = new ArrayList<>();
            for (Node node : nodes)
                if (node instanceof Statement.Import imported
                        && imported.from()
                        && !text.substring(imported.start(), imported.end()).contains("(")) {
                    StringBuilder line = new StringBuilder("from ")
                            .append(".".repeat(imported.level()))
                            .append(imported.module())
                            .append(" import ");
                    List<String> parts = new ArrayList<>();
                    for (Statement.Alias alias : imported.names()) {
                        if (alias.as().equals(alias.name()) && !alias.name().equals("*")) {
                            names.add(alias.name());
                            parts.add(alias.name() + " as Other" + alias.name());
                        } else parts.add(alias.name().equals("*") ? "*" : alias.name() + " as " + alias.as());
                    }
                    edits.add(new Edit(imported.start(), imported.end(), line + String.join(", ", parts)));
                }
            for (Node node : nodes)
                if (node instanceof Name name && names.contains(name.id()))
                    edits.add(new Edit(name.start(), name.start(), "Other"));
            return edits;
        }
    },
    /// Keyword arguments of calls in a dictionary that is spread.
    SPREAD {
        @Override
        List<Edit> edits(String text, List<Node> nodes) {
            List<Edit> edits = new ArrayList<>();
            for (Call call : innermost(nodes)) {
                String name =
                        text.substring(call.function().start(), call.function().end());
                if (!name.matches(
                        "(.*\\.)?(LLM|\\w*EngineArgs|SamplingParams|deployment|options|run|init|start|LLMConfig|from_pretrained|load)"))
                    continue;
                for (Argument argument : keywords(call))
                    edits.add(new Edit(
                            argument.start(),
                            argument.value().end(),
                            "**{\"" + argument.keyword() + "\": "
                                    + text.substring(
                                            argument.value().start(),
                                            argument.value().end()) + "}"));
            }
            return edits;
        }
    };

    /// @param end where the old text ends
    record Edit(int start, int end, String text) {}

    abstract List<Edit> edits(String text, List<Node> nodes);

    String apply(String text) {
        List<Node> nodes = new ArrayList<>();
        for (Statement statement : PythonParser.parse(text)) statement.walk(nodes::add);
        StringBuilder changed = new StringBuilder(text);
        edits(text, nodes).stream()
                .distinct()
                .sorted(Comparator.comparingInt(Edit::start).reversed())
                .forEach(edit -> changed.replace(edit.start, edit.end, edit.text));
        return changed.toString();
    }

    private static boolean isConstant(String text, Node node) {
        return Character.isUpperCase(text.charAt(node.start()));
    }

    private static List<Argument> keywords(Call call) {
        return call.arguments().stream()
                .filter(argument ->
                        !argument.keyword().isEmpty() && !argument.keyword().startsWith("*"))
                .toList();
    }

    /// Calls in whose keyword arguments there is no other call with such, so that their changes do not overlap.
    private static List<Call> innermost(List<Node> nodes) {
        List<Call> calls = nodes.stream()
                .filter(node -> node instanceof Call call && !keywords(call).isEmpty())
                .map(Call.class::cast)
                .toList();
        return calls.stream()
                .filter(call -> calls.stream()
                        .noneMatch(other -> other.start() > call.start()
                                && other.end() < call.end()
                                && other.start() >= call.function().end()))
                .toList();
    }
}

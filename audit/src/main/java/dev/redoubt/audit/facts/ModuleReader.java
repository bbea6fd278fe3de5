package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Items;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Expression.Named;
import dev.redoubt.audit.python.Expression.Prefixed;
import dev.redoubt.audit.python.Expression.Subscript;
import dev.redoubt.audit.python.Expression.Text;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.PythonParser;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.python.Statement.Alias;
import dev.redoubt.audit.python.Statement.Assign;
import dev.redoubt.audit.python.Statement.Import;
import dev.redoubt.audit.python.Statement.Loop;
import dev.redoubt.audit.source.SourceText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Makes a [PythonModule] of a text: which name is bound where, and all calls with the scope they are made in.
final class ModuleReader {
    private final Scope module = new Scope(null, null);
    private final List<Owned<Expression.Call>> calls = new ArrayList<>();
    private final List<Owned<Statement.Function>> functions = new ArrayList<>();
    private final List<Owned<Statement.ClassType>> classes = new ArrayList<>();
    private final List<Owned<Expression>> others = new ArrayList<>();
    private final List<Owned<Statement>> statements = new ArrayList<>();
    private final Set<String> imports = new HashSet<>();
    private final List<String> stars = new ArrayList<>();
    private Suite suite = Suite.ALL; // that is being read

    private ModuleReader() {}

    static PythonModule read(SourceText source) {
        List<Statement> program = PythonParser.parse(source.text());
        ModuleReader reader = new ModuleReader();
        for (Statement statement : program) reader.visit(statement, reader.module);
        Names names = new Names(reader.stars);
        List<Site> sites = new ArrayList<>(reader.calls.size());
        for (Owned<Expression.Call> call : reader.calls)
            sites.add(new Site(call.node(), call.scope(), names.of(call.node().function(), call.scope())));
        return new PythonModule(
                source,
                program,
                reader.module,
                sites,
                reader.functions,
                reader.classes,
                reader.others,
                reader.statements,
                reader.imports,
                reader.stars);
    }

    private void visit(Node node, Scope scope) {
        if (node instanceof Statement statement) statements.add(new Owned<>(statement, scope));
        switch (node) {
            case Import imported -> bind(imported, scope);
            case Assign assign -> assign(assign, scope);
            case Loop loop -> bind(loop.target(), loop.iterable(), scope, false);
            case Named named -> bind(named.target(), named.value(), scope, true);
            case Expression.Comprehension comprehension ->
                comprehension.sources().forEach(source -> bind(source.target(), source.iterable(), scope, false));
            case Expression.Call call -> calls.add(new Owned<>(call, scope));
            case Expression.Comparison comparison -> others.add(new Owned<>(comparison, scope));
            case Text text when !text.holes().isEmpty() -> others.add(new Owned<>(text, scope));
            case Items items when PythonFacts.isCommand(items) -> others.add(new Owned<>(items, scope));
            default -> {}
        }
        switch (node) {
            case Statement.Function function -> function(function, scope);
            case Statement.ClassType type -> type(type, scope);
            case Statement.Block block when !block.word().equals("with") -> block(block, scope);
            case Loop loop -> {
                visit(loop.target(), scope);
                visit(loop.iterable(), scope);
                in(suite.loop(loop), loop.body(), scope);
            }
            default -> node.children(child -> visit(child, scope));
        }
    }

    /// Bodies of which some run; the body of a `with` always does.
    private void block(Statement.Block block, Scope scope) {
        Suite repeated = block.word().equals("while") ? suite.loop(block) : suite;
        for (Statement.Branch branch : block.branches()) {
            branch.heads().forEach(head -> visit(head, scope));
            in(repeated.body(branch.body()), branch.body(), scope);
        }
    }

    private void in(Suite inner, List<Statement> body, Scope scope) {
        Suite outer = suite;
        suite = inner;
        for (Statement statement : body) visit(statement, scope);
        suite = outer;
    }

    private void function(Statement.Function function, Scope outer) {
        Scope inner = new Scope(function, outer);
        outer.bind(function.name(), new Binding.Function(function, inner));
        function.decorators().forEach(decorator -> visit(decorator, outer));
        functions.add(new Owned<>(function, inner));
        for (Parameter parameter : function.parameters()) {
            inner.bind(parameter.name(), new Binding.Taken(parameter, inner));
            if (parameter.type() != null) visit(parameter.type(), outer);
            if (parameter.value() != null) visit(parameter.value(), outer);
        }
        in(Suite.ALL, function.body(), inner);
    }

    private void type(Statement.ClassType type, Scope outer) {
        Scope inner = new Scope(type, outer);
        outer.bind(type.name(), new Binding.ClassType(type, inner));
        classes.add(new Owned<>(type, inner));
        type.decorators().forEach(decorator -> visit(decorator, outer));
        type.bases().forEach(base -> visit(base.value(), outer));
        in(Suite.ALL, type.body(), inner);
    }

    private void bind(Import imported, Scope scope) {
        String prefix = ".".repeat(imported.level()) + imported.module();
        for (Alias alias : imported.names()) {
            String dotted = !imported.from()
                    ? alias.name()
                    : prefix.isEmpty() || prefix.endsWith(".") ? prefix + alias.name() : prefix + "." + alias.name();
            for (int end = dotted.length(); end > 0; end = dotted.lastIndexOf('.', end - 1))
                imports.add(dotted.substring(0, end));
            if (alias.name().equals("*")) {
                stars.add(prefix);
            } else if (imported.from() || !alias.as().equals(alias.name())) {
                scope.bind(alias.as(), new Binding.Imported(dotted));
            } else { // `import a.b` binds `a`
                String first = alias.name().split("\\.", 2)[0];
                scope.bind(first, new Binding.Imported(first));
            }
        }
    }

    private void assign(Assign assign, Scope scope) {
        if (assign.value() == null) return;
        boolean plain = assign.operator().equals("=");
        for (Expression target : assign.targets()) bind(target, assign.value(), scope, plain);
    }

    private void bind(Expression target, Expression value, Scope scope, boolean whole) {
        switch (target) {
            case Name name -> scope.bind(name.id(), new Binding.Assigned(value, scope, whole, suite));
            case Items items -> {
                List<Expression> values = value instanceof Items many && whole ? many.elements() : List.of();
                boolean paired = values.size() == items.elements().size();
                for (int i = 0; i < items.elements().size(); i++)
                    bind(items.elements().get(i), paired ? values.get(i) : value, scope, paired && whole);
            }
            case Prefixed starred -> bind(starred.value(), value, scope, false);
            case Attribute attribute
            when attribute.of() instanceof Name name -> {
                Scope type = scope.typeScope();
                if (type != null && name.id().equals(scope.self()))
                    type.bindAttribute(attribute.name(), new Binding.Assigned(value, scope, whole, suite));
                else scope.bind(name.id(), new Binding.Changed(attribute.name(), value, scope));
            }
            case Subscript(int _, int _, Name name, Expression index) ->
                scope.bind(name.id(), new Binding.Changed(index instanceof Text text ? text.text() : "", value, scope));
            default -> {}
        }
    }
}

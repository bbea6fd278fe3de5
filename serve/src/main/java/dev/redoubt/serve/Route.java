package dev.redoubt.serve;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On the handler class of an application's ingress: a method and a path below `/{application}` that it answers,
/// beside `POST /{application}`. May stand there more than once.
///
/// ```java
/// @Route(method = Route.Method.GET, path = "/items/{id}")
/// ```
/// What the path and the query say become components of the handler's input, by name and of its types.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Repeatable(Route.All.class)
public @interface Route {
    Method method();

    /// Of segments, such as `/items/{id}`. `{id}` is the component `id` of the input record: text, a number, true
    /// or false, or an enum.
    String path();

    /// What a caller can do to a path.
    enum Method {
        GET,
        POST,
        PUT,
        DELETE;

        /// Whether what is not in the path comes in a body; otherwise it comes in the query.
        public boolean hasBody() {
            return this == POST || this == PUT;
        }
    }

    /// Several of one class.
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface All {
        Route[] value();
    }
}

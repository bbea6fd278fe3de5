/// How the deployments of an application call each other, checked before any of them starts (R5.2). Knows specs
/// and interfaces, and nothing that runs. Read [dev.redoubt.serve.graph.Graph] first.
@NullMarked
package dev.redoubt.serve.graph;

import org.jspecify.annotations.NullMarked;

/// Findings for people and for machines: text, JSON, SARIF, annotations, JUnit, a score sheet. Read
/// [dev.redoubt.audit.report.Format] first.
@NullMarked
package dev.redoubt.audit.report;

import org.jspecify.annotations.NullMarked;

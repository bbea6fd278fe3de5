/// Request bodies as tables: a field is declared once, with its type and bounds, and the table decodes strictly
/// and describes itself as JSON Schema, so that what is documented is what is checked. Read
/// [dev.redoubt.gateway.fields.FieldTable] first. Knows nothing of HTTP or of what a field means.
@NullMarked
package dev.redoubt.gateway.fields;

import org.jspecify.annotations.NullMarked;

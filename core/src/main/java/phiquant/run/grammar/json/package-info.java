/**
 * JSON and JSON Schema as rules over bytes. Read {@code JsonRules} first, then {@link
 * phiquant.run.grammar.json.SchemaRules}; the others are one kind of value each.
 */
package phiquant.run.grammar.json;

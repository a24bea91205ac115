/**
 * What an answer may be: JSON, JSON of a schema, calls of tools. {@code Rule}s say it over bytes,
 * {@code Automaton} reads by them, {@code TokenMasks} says which of a model's tokens may come,
 * {@link phiquant.run.grammar.Constraint} holds an answer to it. Read {@link
 * phiquant.run.grammar.Grammar} first.
 */
package phiquant.run.grammar;

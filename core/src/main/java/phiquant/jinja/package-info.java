/**
 * The part of Jinja that chat templates are written in, with Python's methods on strings and lists.
 * {@link phiquant.jinja.Template} is its face; a text goes through {@code Lexer}, {@code Parser}
 * and {@code Interpreter}, within a {@code Budget}. Source: Jinja's template documentation and
 * transformers' chat_template_utils.py.
 */
package phiquant.jinja;

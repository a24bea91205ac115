/**
 * Which weight gets which number format, where neither a person nor an engine's own mix says so: a
 * {@link phiquant.recipe.Allowance} is spent where it saves most. {@link phiquant.recipe.Menu} is
 * what an engine offers, {@link phiquant.recipe.Spending} chooses from it, {@link
 * phiquant.recipe.Recipe} is the choice, which can be written, edited and read again. Knows no
 * engine.
 */
package phiquant.recipe;

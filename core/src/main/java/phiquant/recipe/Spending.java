package phiquant.recipe;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Spends bytes where they save most. Damages of weights add up, so at the best choice every weight
 * pays the same price for its last byte (Lagrange): beginning with the least of everything, the
 * step of the steepest hull is taken next, until nothing fits any more. All choices on that way are
 * the curve of what is possible; what is left at the end goes to smaller steps that still fit.
 */
public final class Spending {
  private final String engine;
  private final List<Course> courses;

  /** For each course the options on its lower convex hull, from the smallest on. */
  private final List<int[]> hulls = new ArrayList<>();

  /** All steps between neighbours of hulls, the best first. */
  private final List<Step> steps = new ArrayList<>();

  /** From a hull's option to the next one. */
  private record Step(int course, int to, long bytes, double saved) {
    double worth() {
      return saved / bytes;
    }
  }

  /**
   * A choice on the curve.
   *
   * @param bytes of the weights
   * @param damage of all together
   */
  public record Point(long bytes, double damage) {}

  /** Of a menu's courses. */
  public Spending(String engine, List<Course> courses) {
    this.engine = engine;
    this.courses = courses;
    for (int i = 0; i < courses.size(); i++) {
      int[] hull = hull(courses.get(i).options());
      hulls.add(hull);
      for (int j = 1; j < hull.length; j++) {
        Course.Option from = courses.get(i).options().get(hull[j - 1]);
        Course.Option to = courses.get(i).options().get(hull[j]);
        steps.add(new Step(i, j, to.bytes() - from.bytes(), from.damage() - to.damage()));
      }
    }
    // A hull's own steps become worth less and less, and a stable sort keeps equal ones in order.
    steps.sort(Comparator.comparingDouble(Step::worth).reversed());
  }

  /** Indices of the lower convex hull, smallest first, damage falling. */
  private static int[] hull(List<Course.Option> options) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < options.size(); i++) {
      order.add(i);
    }
    order.sort(
        Comparator.comparingLong((Integer i) -> options.get(i).bytes())
            .thenComparingDouble(i -> options.get(i).damage()));
    List<Integer> hull = new ArrayList<>();
    for (int next : order) {
      if (!hull.isEmpty() && options.get(hull.getLast()).damage() <= options.get(next).damage()) {
        continue;
      }
      while (hull.size() > 1
          && worth(options, hull.getLast(), next)
              >= worth(options, hull.get(hull.size() - 2), hull.getLast())) {
        hull.removeLast();
      }
      hull.add(next);
    }
    return hull.stream().mapToInt(Integer::intValue).toArray();
  }

  private static double worth(List<Course.Option> options, int from, int to) {
    Course.Option a = options.get(from);
    Course.Option b = options.get(to);
    return (a.damage() - b.damage()) / (b.bytes() - a.bytes());
  }

  /** The least that is possible. */
  public Recipe least() {
    return recipe(start());
  }

  /** Bytes of {@link #least}. */
  public long leastBytes() {
    return point(start()).bytes();
  }

  /** All choices at which every weight pays the same, from the least to the best. */
  public List<Point> curve() {
    List<Point> curve = new ArrayList<>();
    int[] at = start();
    Point point = point(at);
    curve.add(point);
    for (Step step : steps) {
      // Nothing that is left may be less than nothing by the last digits of what was taken away.
      double left = Math.max(0, point.damage() - step.saved());
      point = new Point(point.bytes() + step.bytes(), left);
      curve.add(point);
    }
    return curve;
  }

  /**
   * The best of so many bytes.
   *
   * @param bytes for all weights; empty if that is less than the least
   */
  public Optional<Recipe> within(long bytes) {
    int[] at = start();
    long left = bytes - point(at).bytes();
    if (left < 0) {
      return Optional.empty();
    }
    for (Step step : steps) {
      if (at[step.course()] == step.to() - 1 && step.bytes() <= left) {
        at[step.course()] = step.to();
        left -= step.bytes();
      }
    }
    return Optional.of(recipe(at));
  }

  /** The smallest on the curve that loses no more; the best there is if all lose more. */
  public Recipe losing(double damage) {
    int[] at = start();
    double left = point(at).damage();
    for (Step step : steps) {
      if (left <= damage) {
        break;
      }
      at[step.course()] = step.to();
      left -= step.saved();
    }
    return recipe(at);
  }

  /** What a recipe of these options costs; empty if it has others. */
  public Optional<Point> of(Recipe recipe) {
    long bytes = 0;
    double damage = 0;
    for (Course course : courses) {
      Recipe.Choice choice = recipe.choices().get(course.weight());
      int index = choice == null ? -1 : course.indexOf(choice.format());
      if (index < 0) {
        return Optional.empty();
      }
      bytes += course.options().get(index).bytes();
      damage += course.options().get(index).damage();
    }
    return Optional.of(new Point(bytes, damage));
  }

  /** What a format costs a weight; both are there. */
  public double damage(String weight, String format) {
    Course course =
        courses.stream().filter(each -> each.weight().equals(weight)).findFirst().orElseThrow();
    return course.options().get(course.indexOf(format)).damage();
  }

  private int[] start() {
    return new int[courses.size()];
  }

  private Point point(int[] at) {
    return of(recipe(at)).orElseThrow();
  }

  /** Of places on the hulls. */
  private Recipe recipe(int[] at) {
    int[] chosen = new int[at.length];
    for (int i = 0; i < at.length; i++) {
      chosen[i] = hulls.get(i)[at[i]];
    }
    return Recipe.of(engine, courses, chosen);
  }
}

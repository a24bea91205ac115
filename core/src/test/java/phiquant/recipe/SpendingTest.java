package phiquant.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import phiquant.recipe.Course.Option;

/** What is chosen, against all choices that there are. */
class SpendingTest {
  /** Of every size on the curve no choice that is as small loses less. */
  @Property(tries = 100)
  void nothingOfThatSizeIsBetter(@ForAll long seed) {
    List<Course> courses = courses(new Random(seed));
    Spending spending = new Spending("any", courses);
    for (Spending.Point point : spending.curve()) {
      assertThat(point.damage()).isCloseTo(least(courses, point.bytes()), within(1e-12));
      Recipe recipe = spending.within(point.bytes()).orElseThrow();
      assertThat(spending.of(recipe).orElseThrow().damage())
          .isLessThanOrEqualTo(point.damage() + 1e-12);
    }
  }

  /** Where nothing is lost in the end, what is written of it can be read. */
  @Property(tries = 100)
  void noCurveEndsBelowNothing(@ForAll long seed) {
    Random random = new Random(seed);
    List<Course> courses = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      List<Option> options =
          List.of(new Option("some", 10, random.nextDouble()), new Option("all", 20, 0));
      courses.add(new Course("w" + i, 40, options));
    }
    Spending spending = new Spending("any", courses);
    String text =
        new RecipeFile(spending.least(), spending.curve()).text("", OptionalDouble.empty());
    assertThat(RecipeFile.parse("a.txt", text).curve()).hasSize(21);
  }

  /** Between two sizes what is left is spent, and no more than there is. */
  @Property(tries = 100)
  void noMoreThanTheBudgetIsSpent(@ForAll long seed) {
    Random random = new Random(seed);
    Spending spending = new Spending("any", courses(random));
    long budget = spending.leastBytes() + random.nextLong(500);
    Recipe recipe = spending.within(budget).orElseThrow();
    Spending.Point point = spending.of(recipe).orElseThrow();
    assertThat(point.bytes()).isLessThanOrEqualTo(budget);
    assertThat(point.damage())
        .isLessThanOrEqualTo(
            spending.curve().stream()
                    .filter(known -> known.bytes() <= budget)
                    .mapToDouble(Spending.Point::damage)
                    .min()
                    .orElseThrow()
                + 1e-12);
    assertThat(spending.within(spending.leastBytes() - 1)).isEmpty();
  }

  /** The smallest that loses no more is on the curve, and the step before it loses more. */
  @Property(tries = 100)
  void aLossIsReachedAtTheFirstStepThatIsEnough(@ForAll long seed) {
    Random random = new Random(seed);
    Spending spending = new Spending("any", courses(random));
    List<Spending.Point> curve = spending.curve();
    double wanted = curve.getFirst().damage() * random.nextDouble();
    Spending.Point reached = spending.of(spending.losing(wanted)).orElseThrow();
    long first =
        curve.stream()
            .filter(point -> point.damage() <= wanted)
            .mapToLong(Spending.Point::bytes)
            .min()
            .orElse(curve.getLast().bytes());
    assertThat(reached.bytes()).isEqualTo(first);
  }

  private static List<Course> courses(Random random) {
    List<Course> courses = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      List<Option> options = new ArrayList<>();
      for (int j = 0; j < 5; j++) {
        options.add(new Option("f" + j, 1 + random.nextInt(200), random.nextDouble()));
      }
      courses.add(new Course("w" + i, 100, options));
    }
    return courses;
  }

  private static double least(List<Course> courses, long bytes) {
    double least = Double.POSITIVE_INFINITY;
    int choices = (int) Math.pow(5, courses.size());
    for (int code = 0; code < choices; code++) {
      long size = 0;
      double damage = 0;
      int rest = code;
      for (Course course : courses) {
        Option option = course.options().get(rest % 5);
        rest /= 5;
        size += option.bytes();
        damage += option.damage();
      }
      if (size <= bytes) {
        least = Math.min(least, damage);
      }
    }
    return least;
  }
}

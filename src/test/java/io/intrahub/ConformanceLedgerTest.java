package io.intrahub;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** {@code docs/conformance.md} is whole, and the tests that it names exist. */
class ConformanceLedgerTest {
  private static final Path LEDGER = Path.of("docs/conformance.md");
  private static final Pattern ROW =
      Pattern.compile("\\| (HP|OC) (\\d+) \\| ([^|]+) \\| (MUST|SHOULD) \\| ([^|]*) \\|");
  private static final Pattern TEST = Pattern.compile("`(\\w+)\\.(\\w+)`");
  private static final Pattern REASON = Pattern.compile("(waits|not needed): \\S+ \\S+ \\S+.*");

  /** One line of a table. */
  private record Row(String number, String requirement, String proof) {}

  @Test
  void every_line_of_a_table_is_understood() throws IOException {
    assertThat(lines())
        .filteredOn(line -> line.matches("\\|.*\\d.*"))
        .filteredOn(line -> !ROW.matcher(line).matches())
        .isEmpty();
  }

  @Test
  void every_number_is_there_once_and_in_order() throws IOException {
    List<String> expected = new ArrayList<>();
    IntStream.rangeClosed(1, 80).forEach(n -> expected.add("HP " + n));
    IntStream.rangeClosed(1, 52).forEach(n -> expected.add("OC " + n));

    assertThat(rows()).extracting(Row::number).containsExactlyElementsOf(expected);
  }

  @Test
  void every_line_has_a_test_or_says_why_it_waits() throws IOException {
    assertThat(rows())
        .filteredOn(row -> !TEST.matcher(row.proof).find())
        .filteredOn(row -> !REASON.matcher(row.proof).matches())
        .isEmpty();
  }

  @Test
  void every_test_that_is_named_exists() throws Exception {
    Map<String, List<Class<?>>> classes = testClasses();
    List<String> missing = new ArrayList<>();
    for (Row row : rows()) {
      Matcher test = TEST.matcher(row.proof);
      while (test.find()) {
        String method = test.group(2);
        boolean found =
            classes.getOrDefault(test.group(1), List.of()).stream()
                .anyMatch(c -> hasTest(c, method));
        if (!found) {
          missing.add(row.number + ": " + test.group());
        }
      }
      // What is left must not be a misspelt name of a test.
      if (TEST.matcher(row.proof)
          .replaceAll("")
          .replaceAll("(waits|not needed):.*", "")
          .matches(".*\\w.*")) {
        missing.add(row.number + ": not a test: " + row.proof);
      }
    }
    assertThat(missing).isEmpty();
  }

  /** True for a test of the class itself or of one it extends, as contract suites are. */
  private static boolean hasTest(Class<?> type, String method) {
    return Stream.<Class<?>>iterate(type, c -> c != null, Class::getSuperclass)
        .flatMap(c -> Arrays.stream(c.getDeclaredMethods()))
        .filter(m -> m.getName().equals(method))
        .anyMatch(ConformanceLedgerTest::isTest);
  }

  private static boolean isTest(Method method) {
    return AnnotationSupport.isAnnotated(method, Testable.class);
  }

  /** The classes of the test tree by their simple names. */
  private static Map<String, List<Class<?>>> testClasses() throws Exception {
    Path root =
        Path.of(
            ConformanceLedgerTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    try (Stream<Path> files = Files.walk(root)) {
      List<Class<?>> classes = new ArrayList<>();
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        String name =
            root.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
        classes.add(Class.forName(name, false, ConformanceLedgerTest.class.getClassLoader()));
      }
      return classes.stream().collect(groupingBy(Class::getSimpleName));
    }
  }

  private static List<String> lines() throws IOException {
    return Files.readAllLines(LEDGER);
  }

  private static List<Row> rows() throws IOException {
    return lines().stream()
        .map(ROW::matcher)
        .filter(Matcher::matches)
        .map(m -> new Row(m.group(1) + " " + m.group(2), m.group(3), m.group(5)))
        .toList();
  }
}

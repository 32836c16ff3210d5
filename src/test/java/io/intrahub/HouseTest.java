package io.intrahub;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rules of the house: which package ("room") may use which, and what no room may do. A new room
 * needs a line in {@link #mayUse()}; a new library needs one in {@link #LIBRARIES}.
 */
class HouseTest {
  private static final String ROOT = "io.intrahub";

  /** The room that is compiled for Java 8 and knows the rest by name only. */
  private static final String LAUNCHER = "launcher";

  private static final Map<String, Set<String>> MAY_USE = mayUse();

  /** Packages of libraries and the rooms that may use them. */
  private static final Map<List<String>, Set<String>> LIBRARIES =
      Map.of(
          List.of("io.javalin..", "org.eclipse.jetty..", "jakarta.servlet.."),
          Set.of("http", "admin", "devhub"),
          List.of("okhttp3..", "okio.."),
          Set.of("upstream"),
          List.of("tools.jackson.core.."),
          Set.of(
              "devhub",
              "http",
              "admin",
              "upkeep",
              "mirror",
              "upstream",
              "store",
              "config",
              "cli",
              "hub.json"),
          // Trees and binding read a whole document into memory: never for what the Hub sends.
          List.of("tools.jackson.databind..", "tools.jackson.dataformat.."),
          Set.of("devhub", "http", "admin", "config", "cli"),
          List.of("io.micrometer..", "io.prometheus.."),
          Set.of(
              "http",
              "admin",
              "upkeep",
              "mirror",
              "transfer",
              "upstream",
              "store",
              "metrics",
              "cli"),
          List.of("picocli.."),
          Set.of("cli"));

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  /** Each room and the rooms it may import from: imports point down this table only. */
  private static Map<String, Set<String>> mayUse() {
    Map<String, Set<String>> table = new LinkedHashMap<>();
    table.put("devhub", Set.of("hub", "base"));
    table.put("http", Set.of("mirror", "access", "hub", "metrics", "base"));
    table.put("admin", Set.of("mirror", "upkeep", "access", "store", "hub", "metrics", "base"));
    table.put("upkeep", Set.of("mirror", "transfer", "access", "store", "hub", "metrics", "base"));
    table.put(
        "mirror",
        Set.of("access", "policy", "transfer", "store", "upstream", "hub", "metrics", "base"));
    table.put("transfer", Set.of("access", "store", "upstream", "hub", "metrics", "base"));
    table.put("upstream", Set.of("access", "hub", "metrics", "base"));
    table.put("store", Set.of("access", "policy", "hub", "metrics", "base"));
    table.put("access", Set.of("hub"));
    table.put("policy", Set.of("hub"));
    table.put("metrics", Set.of("hub"));
    table.put("config", Set.of("hub"));
    table.put("hub", Set.of("base"));
    table.put("base", Set.of());
    table.put("cli", Set.copyOf(table.keySet()));
    table.put(LAUNCHER, Set.of());
    return table;
  }

  static Collection<String> rooms() {
    return MAY_USE.keySet();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void a_room_imports_only_from_below(String room) {
    Set<String> closed = new TreeSet<>(MAY_USE.keySet());
    closed.removeAll(MAY_USE.get(room));
    closed.remove(room);
    check(
        noClasses()
            .that()
            .resideInAPackage(in(room))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(in(closed))
            .because(room + " may use only " + new TreeSet<>(MAY_USE.get(room))));
  }

  static Stream<Arguments> libraries() {
    return LIBRARIES.entrySet().stream().map(e -> Arguments.of(e.getKey(), e.getValue()));
  }

  @ParameterizedTest
  @MethodSource("libraries")
  void a_library_stays_in_its_rooms(List<String> packages, Set<String> rooms) {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(in(rooms))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(packages.toArray(String[]::new))
            .because("these packages are for " + new TreeSet<>(rooms)));
  }

  @Test
  void the_lowest_rooms_know_only_the_jdk() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(in(List.of("hub", "base", "policy", "access", LAUNCHER)))
            .and()
            .resideOutsideOfPackage(in("hub.json"))
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                "java..",
                "javax.crypto..",
                "org.jspecify.annotations..",
                "com.google.errorprone.annotations..",
                ROOT + ".."));
  }

  @Test
  void every_class_has_a_room() {
    assertThat(HOUSE.stream().map(JavaClass::getName))
        .filteredOn(c -> rooms().stream().noneMatch(r -> c.startsWith(ROOT + "." + r + ".")))
        .isEmpty();
  }

  @Test
  void every_package_is_null_marked() {
    assertThat(HOUSE.stream().map(JavaClass::getPackage).distinct())
        .filteredOn(p -> !p.getName().equals(ROOT + "." + LAUNCHER))
        .filteredOn(p -> !p.isAnnotatedWith(NullMarked.class))
        .extracting(JavaPackage::getName)
        .isEmpty();
  }

  /** Time that nobody passed in cannot be moved by a test, and two readings of it can disagree. */
  @Test
  void only_the_composition_root_reads_the_wall_clock() {
    check(
        noClasses()
            .that()
            // The made-up Hub stands for the world outside, whose time is real.
            .resideOutsideOfPackages(in("cli"), in("devhub"))
            .should()
            .accessTargetWhere(
                describe(
                    "reads the wall clock",
                    access ->
                        isNowWithoutClock(access)
                            || calls(access, Clock.class, "systemUTC")
                            || calls(access, Clock.class, "systemDefaultZone")
                            || calls(access, Clock.class, "system")
                            || calls(access, System.class, "currentTimeMillis")))
            .because("a Clock is passed in"));
  }

  /** Else a simulation in one thread could not drive it. */
  @Test
  void what_a_transfer_decides_it_does_not_do() {
    check(
        noClasses()
            .that()
            .resideInAPackage(in("transfer.core"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "java.io..",
                "java.nio..",
                "java.util.concurrent..",
                "org.slf4j..",
                in("store"),
                in("metrics"))
            .because("it has no thread, file, clock or log; Transfer does what it says"));
  }

  @Test
  void only_the_composition_root_makes_randomness() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(in("cli"))
            .should()
            .accessTargetWhere(
                describe(
                    "makes randomness of its own",
                    access ->
                        calls(access, Math.class, "random")
                            || calls(access, ThreadLocalRandom.class, "current")
                            || isUnseeded(access)))
            .because("a random generator is passed in"));
  }

  @Test
  void only_commands_write_to_the_terminal() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(in(List.of("cli", LAUNCHER)))
            .should()
            .accessTargetWhere(
                describe(
                    "writes to the terminal",
                    access ->
                        calls(access, System.class, "out")
                            || calls(access, System.class, "err")
                            || isStackTraceOnTheTerminal(access)))
            .because("rooms log, only commands print"));
  }

  @Test
  void no_static_field_can_change() {
    check(
        fields()
            .that()
            .haveModifier(JavaModifier.STATIC)
            .should()
            .beFinal()
            .because("mutable state has an owner that is passed in"));
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(HOUSE);
  }

  private static boolean calls(JavaAccess<?> access, Class<?> owner, String name) {
    return access.getTargetOwner().isEquivalentTo(owner) && access.getName().equals(name);
  }

  private static boolean isNowWithoutClock(JavaAccess<?> access) {
    return access.getName().equals("now")
        && access.getTargetOwner().getPackageName().startsWith("java.time")
        && !parameters(access).contains(Clock.class.getName());
  }

  private static boolean isUnseeded(JavaAccess<?> access) {
    return calls(access, Random.class, JavaConstructor.CONSTRUCTOR_NAME)
        && parameters(access).isEmpty();
  }

  private static boolean isStackTraceOnTheTerminal(JavaAccess<?> access) {
    return access.getTargetOwner().isAssignableTo(Throwable.class)
        && access.getName().equals("printStackTrace")
        && parameters(access).isEmpty();
  }

  private static List<String> parameters(JavaAccess<?> access) {
    return access.getTarget() instanceof CodeUnitAccessTarget target
        ? target.getRawParameterTypes().stream().map(JavaClass::getName).toList()
        : List.of();
  }

  private static String in(String room) {
    return ROOT + "." + room + "..";
  }

  private static String[] in(Collection<String> rooms) {
    return rooms.stream().map(HouseTest::in).toArray(String[]::new);
  }
}

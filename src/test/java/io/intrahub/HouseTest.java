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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * The rules of the house: which package may use which, and what no package may do. A new package
 * needs a line in {@link #mayUse()}; a new library needs one in {@link #LIBRARIES}.
 */
class HouseTest {
  private static final String ROOT = "io.intrahub";

  private static final int MAX_LINES = 400;

  /** The package that is compiled for Java 8 and knows the rest by name only. */
  private static final String LAUNCHER = "launcher";

  private static final Map<String, Set<String>> MAY_USE = mayUse();

  /** Packages of libraries and those of ours that may use them. */
  private static final Map<List<String>, Set<String>> LIBRARIES =
      Map.of(
          List.of("io.javalin..", "org.eclipse.jetty..", "jakarta.servlet.."),
          Set.of("http", "admin", "devhub"),
          List.of("okhttp3..", "okio.."),
          Set.of("upstream"),
          List.of("tools.jackson.core.."),
          Set.of(
              "devhub",
              "audit",
              "http",
              "admin",
              "mirror",
              "upstream",
              "store",
              "config",
              "cli",
              "cachefolder",
              "hub.json"),
          // Trees and binding read a whole document into memory: never for what the Hub sends. What
          // cachefolder reads of another mirror's notes is cut at a limit first.
          List.of("tools.jackson.databind..", "tools.jackson.dataformat.."),
          Set.of("devhub", "http", "admin", "config", "cli", "cachefolder"),
          List.of("io.micrometer..", "io.prometheus.."),
          Set.of("http", "admin", "mirror", "transfer", "upstream", "store", "metrics", "cli"),
          List.of("ch.qos.logback.."),
          Set.of("audit", "cli"),
          List.of("me.tongfei..", "org.jline.."),
          Set.of("cli.pull"),
          List.of("inet.ipaddr.."),
          Set.of("base"),
          List.of("picocli.."),
          Set.of("cli"));

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  /** Each package and the packages it may import from: imports point down this table only. */
  private static Map<String, Set<String>> mayUse() {
    Map<String, Set<String>> table = new LinkedHashMap<>();
    // An independent oracle: it must not share our reading of the protocol.
    table.put("devhub", Set.of());
    table.put("audit", Set.of("http", "access", "hub", "metrics"));
    table.put("http", Set.of("mirror", "access", "hub", "metrics", "base"));
    table.put("admin", Set.of("mirror", "access", "store", "hub", "metrics", "base"));
    table.put(
        "mirror",
        Set.of("access", "policy", "transfer", "store", "upstream", "hub", "metrics", "base"));
    table.put("transfer", Set.of("access", "store", "upstream", "hub", "metrics", "base"));
    table.put("upstream", Set.of("access", "policy", "hub", "metrics", "base"));
    table.put("store", Set.of("access", "policy", "hub", "metrics", "base"));
    table.put("cachefolder", Set.of("store", "policy", "hub", "base"));
    table.put("access", Set.of("policy", "hub", "base"));
    // What it decides holds for verdicts, metadata and addresses alike, so it is below them all.
    table.put("policy", Set.of());
    table.put("metrics", Set.of("hub"));
    table.put("config", Set.of("hub", "base"));
    table.put("hub", Set.of("base"));
    table.put("base", Set.of());
    table.put("cli", Set.copyOf(table.keySet()));
    table.put(LAUNCHER, Set.of());
    return table;
  }

  /**
   * Each sub-package and the packages beside it that it may import from. What is above a border may
   * use what is below it, never the other way round.
   */
  private static Map<String, Set<String>> subPackages() {
    Map<String, Set<String>> table = new LinkedHashMap<>();
    // The contract and the settings are lowest: other packages know nothing else of these two.
    table.put("store", Set.of());
    table.put("store.fs.disk", Set.of("store"));
    table.put("store.fs.startup", Set.of("store", "store.fs.disk"));
    table.put("store.fs.space", Set.of("store", "store.fs.disk"));
    table.put("store.fs.metadata", Set.of("store", "store.fs.disk", "store.fs.space"));
    table.put(
        "store.fs.blobs",
        Set.of(
            "store", "store.fs.disk", "store.fs.startup", "store.fs.space", "store.fs.metadata"));
    table.put(
        "store.fs.partial", Set.of("store", "store.fs.disk", "store.fs.space", "store.fs.blobs"));
    table.put(
        "store.fs",
        Set.of(
            "store",
            "store.fs.disk",
            "store.fs.startup",
            "store.fs.space",
            "store.fs.metadata",
            "store.fs.blobs",
            "store.fs.partial"));
    table.put("store.fs.tokens", Set.of("store", "store.fs.disk", "store.fs.startup"));
    // What the operator's rules decide does not depend on how a proof is made.
    table.put("access.local", Set.of());
    table.put("access", Set.of("access.local"));
    table.put("upstream", Set.of());
    table.put("upstream.net", Set.of("upstream"));
    table.put("upstream.hub", Set.of("upstream", "upstream.net"));
    table.put("cli.command", Set.of());
    table.put("cli.upkeep", Set.of("cli.command"));
    table.put("cli.pull", Set.of("cli.command"));
    // The command hands over what it made of the configuration; checks know no App.
    table.put("cli.doctor", Set.of("cli.command"));
    table.put("cli", Set.of("cli.command", "cli.doctor", "cli.pull", "cli.upkeep"));
    // The engine is the other way round: its entry is on top.
    table.put("transfer.core", Set.of());
    table.put("transfer.content", Set.of());
    table.put("transfer.limits", Set.of());
    table.put("transfer.fetch", Set.of("transfer.core", "transfer.content", "transfer.limits"));
    table.put("transfer.passthrough", Set.of("transfer.content", "transfer.limits"));
    table.put(
        "transfer",
        Set.of(
            "transfer.core",
            "transfer.content",
            "transfer.limits",
            "transfer.fetch",
            "transfer.passthrough"));
    return table;
  }

  static Stream<Arguments> subPackageRules() {
    return subPackages().entrySet().stream().map(e -> Arguments.of(e.getKey(), e.getValue()));
  }

  @ParameterizedTest
  @MethodSource("subPackageRules")
  void a_sub_package_imports_only_from_below(String name, Set<String> below) {
    Set<String> closed = new TreeSet<>(subPackages().keySet());
    closed.removeIf(other -> !other.split("\\.")[0].equals(name.split("\\.")[0]));
    closed.removeAll(below);
    closed.remove(name);
    if (closed.isEmpty()) {
      return;
    }
    check(
        noClasses()
            .that()
            .resideInAPackage(ROOT + "." + name)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                closed.stream().map(other -> ROOT + "." + other).toArray(String[]::new))
            .because(name + " may use only " + new TreeSet<>(below)));
  }

  @Test
  void every_class_of_a_split_package_has_a_sub_package() {
    assertThat(HOUSE.stream())
        .filteredOn(c ->
            Stream.of("store", "access", "transfer", "upstream")
                .anyMatch(r -> c.getName().startsWith(ROOT + "." + r + ".")))
        .extracting(JavaClass::getPackageName)
        .allSatisfy(p -> assertThat(subPackages()).containsKey(p.substring(ROOT.length() + 1)));
  }

  /** Two things with one name are told apart by their package only, which no text shows. */
  @Test
  void no_simple_name_is_used_twice() {
    Map<String, Set<String>> packages = new LinkedHashMap<>();
    HOUSE.stream()
        .filter(c -> !c.getName().contains("$") && !c.getSimpleName().equals("package-info"))
        .forEach(c ->
            packages
                .computeIfAbsent(c.getSimpleName(), _ -> new TreeSet<>())
                .add(c.getPackageName()));
    packages.values().removeIf(names -> names.size() == 1);
    assertThat(packages).isEmpty();
  }

  static Collection<String> packages() {
    return MAY_USE.keySet();
  }

  @ParameterizedTest
  @MethodSource("packages")
  void a_package_imports_only_from_below(String name) {
    Set<String> closed = new TreeSet<>(MAY_USE.keySet());
    closed.removeAll(MAY_USE.get(name));
    closed.remove(name);
    check(
        noClasses()
            .that()
            .resideInAPackage(in(name))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(in(closed))
            .because(name + " may use only " + new TreeSet<>(MAY_USE.get(name))));
  }

  static Stream<Arguments> libraries() {
    return LIBRARIES.entrySet().stream().map(e -> Arguments.of(e.getKey(), e.getValue()));
  }

  @ParameterizedTest
  @MethodSource("libraries")
  void a_library_stays_in_its_packages(List<String> library, Set<String> users) {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(in(users))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(library.toArray(String[]::new))
            .because("these packages are for " + new TreeSet<>(users)));
  }

  @Test
  void the_lowest_packages_know_only_the_jdk() {
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
                // Only in base.AddressRanges: see LIBRARIES.
                "inet.ipaddr..",
                ROOT + ".."));
  }

  @Test
  void every_class_has_a_package() {
    assertThat(HOUSE.stream().map(JavaClass::getName))
        .filteredOn(c -> packages().stream().noneMatch(r -> c.startsWith(ROOT + "." + r + ".")))
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
            .because("other packages log, only commands print"));
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

  /** A class that is longer has more than one job. */
  @Test
  void no_file_of_the_product_has_more_than_four_hundred_lines() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
      List<Path> sources = files.filter(f -> f.toString().endsWith(".java")).toList();
      assertThat(sources).isNotEmpty();
      for (Path source : sources) {
        assertThat(Files.readAllLines(source).size())
            .as("lines of %s", source)
            .isLessThanOrEqualTo(MAX_LINES);
      }
    }
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
    // Whatever the owner: what libraries extend is not known here.
    return access.getName().equals("printStackTrace") && parameters(access).isEmpty();
  }

  private static List<String> parameters(JavaAccess<?> access) {
    return access.getTarget() instanceof CodeUnitAccessTarget target
        ? target.getRawParameterTypes().stream().map(JavaClass::getName).toList()
        : List.of();
  }

  private static String in(String name) {
    return ROOT + "." + name + "..";
  }

  private static String[] in(Collection<String> names) {
    return names.stream().map(HouseTest::in).toArray(String[]::new);
  }
}

package io.intrahub.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.doctor.Finding.Status;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine.Help.Ansi;

/** The order of checks, their limits, and what is printed. */
@Timeout(30)
class CheckupTest {
  /** A check of a test. */
  private record Scripted(String name, List<String> needs, Duration limit, Callable<Finding> body)
      implements Check {
    @Override
    public String adviceWhenLate() {
      return "Wake " + name + ".";
    }

    @Override
    public Finding run() throws InterruptedException {
      try {
        return body.call();
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  private static Check check(String name, Finding finding, String... needs) {
    return new Scripted(name, List.of(needs), Duration.ofSeconds(10), () -> finding);
  }

  private static final class Ran {
    private final List<Checkup.Result> results = new ArrayList<>();
    private boolean healthy;

    Finding finding(int index) {
      return results.get(index).finding();
    }
  }

  private static Ran run(Duration total, Check... checks) throws InterruptedException {
    Ran ran = new Ran();
    ran.healthy = new Checkup(List.of(checks), total).run(ran.results::add);
    return ran;
  }

  @Test
  void what_needs_a_failed_check_is_skipped_and_says_so() throws Exception {
    Ran ran =
        run(
            Duration.ofSeconds(20),
            check("a", Finding.failed("broken")),
            check("b", Finding.ok("never"), "a"),
            check("c", Finding.ok("never"), "b"),
            check("d", Finding.warning("slow")),
            check("e", Finding.ok("fine"), "d"));

    assertThat(ran.results)
        .extracting(one -> one.finding().status())
        .containsExactly(Status.FAILED, Status.SKIPPED, Status.SKIPPED, Status.WARNING, Status.OK);
    assertThat(ran.finding(1).summary()).isEqualTo("skipped because \"a\" gave no good result");
    assertThat(ran.healthy).isFalse();
    assertThat(run(Duration.ofSeconds(20), check("w", Finding.warning("slow"))).healthy).isTrue();
  }

  @Test
  void a_check_that_hangs_is_interrupted_and_the_rest_runs() throws Exception {
    Ran ran =
        run(
            Duration.ofSeconds(20),
            hanging("stuck", Duration.ofMillis(50)),
            check("next", Finding.ok("fine")));

    assertThat(ran.finding(0).status()).isEqualTo(Status.FAILED);
    assertThat(ran.finding(0).advice()).containsExactly("Wake stuck.");
    assertThat(ran.finding(1).status()).isEqualTo(Status.OK);
    assertThat(ran.healthy).isFalse();
  }

  @Test
  void all_checks_together_have_a_limit_too() throws Exception {
    Ran ran =
        run(
            Duration.ofMillis(50),
            hanging("stuck", Duration.ofSeconds(20)),
            check("next", Finding.ok("never")));

    assertThat(ran.finding(0).status()).isEqualTo(Status.FAILED);
    assertThat(ran.finding(1).status()).isEqualTo(Status.SKIPPED);
  }

  private static Check hanging(String name, Duration limit) {
    CountDownLatch never = new CountDownLatch(1);
    return new Scripted(
        name,
        List.of(),
        limit,
        () -> {
          never.await();
          return Finding.ok("never");
        });
  }

  @Test
  void advice_is_below_its_line_and_no_escape_sequence_reaches_a_terminal() throws Exception {
    StringWriter text = new StringWriter();
    TextReport report = new TextReport(new PrintWriter(text), Ansi.OFF);

    new Checkup(
            List.of(check("evil", Finding.failed("says \u001b[2J\r\nok\u202e", "Look\tthere."))),
            Duration.ofSeconds(20))
        .run(report);

    assertThat(text.toString().lines())
        .containsExactly("failed   evil: says ?[2J??ok?", "         -> Look?there.");
  }

  @Test
  void colours_are_only_for_terminals() throws Exception {
    StringWriter text = new StringWriter();
    new TextReport(new PrintWriter(text), Ansi.ON)
        .accept(new Checkup.Result("a", Finding.ok("fine @|red x|@"), Duration.ZERO));

    assertThat(text.toString()).contains("\u001b[32mok\u001b").contains("fine @|red x|@");
  }
}

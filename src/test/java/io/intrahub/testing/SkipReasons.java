package io.intrahub.testing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Prints the tests that did not run and why, one a line: Maven prints only how many they were.
 * {@code ./check} repeats these lines at its end.
 */
public final class SkipReasons implements TestExecutionListener {
  private final List<String> skipped = new CopyOnWriteArrayList<>();

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    skipped.add(line(test, reason));
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (result.getStatus() == Status.ABORTED) {
      skipped.add(line(test, result.getThrowable().map(Throwable::getMessage).orElse("aborted")));
    }
  }

  @Override
  public void testPlanExecutionFinished(TestPlan plan) {
    skipped.forEach(System.out::println);
    skipped.clear();
  }

  private static String line(TestIdentifier test, String reason) {
    String where =
        switch (test.getSource().orElse(null)) {
          case MethodSource m -> simple(m.getClassName()) + "." + m.getMethodName();
          case ClassSource c -> simple(c.getClassName());
          case null, default -> test.getDisplayName();
        };
    return "SKIPPED %s: %s"
        .formatted(where, String.valueOf(reason).replace("Assumption failed: ", "").strip());
  }

  private static String simple(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }
}

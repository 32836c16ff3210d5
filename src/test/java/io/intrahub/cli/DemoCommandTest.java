package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands that {@code intrahub demo} prints. */
@Timeout(60)
class DemoCommandTest {
  private static final Pattern TO_TRY = Pattern.compile(" {4}\\./intrahub ((status|ls) .*)");

  @TempDir Path tmp;

  @Test
  void the_printed_commands_find_the_mirror_and_its_store() {
    try (MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve("data"))) {
      List<List<String>> commands =
          DemoCommand.introduction(
                  "./intrahub",
                  mirror.uri(),
                  "--data " + mirror.data(),
                  "--admin-port " + mirror.app().adminUri().getPort())
              .stream()
              .map(TO_TRY::matcher)
              .filter(Matcher::matches)
              .map(line -> List.of(line.group(1).split(" ")))
              .toList();

      assertThat(commands).extracting(List::getFirst).containsExactly("status", "ls");
      assertThat(commands).allSatisfy(one -> CommandRun.of(one).expectSuccess());
    }
  }
}

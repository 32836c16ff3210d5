package io.intrahub.cli.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code intrahub rm} asks on a terminal, and what it does with the answer. */
class RemoveQuestionTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");

  @TempDir Path data;
  private final List<String> questions = new ArrayList<>();

  @BeforeEach
  void store() throws Exception {
    SettableClock clock = new SettableClock();
    try (FsStore store = FsStore.open(data, clock, DiskBudgetSettings.DEFAULT, Runnable::run)) {
      store
          .repos()
          .putRevision(
              REPO,
              Revision.MAIN,
              new Observation<>(new CommitHash("1".repeat(40)), clock.instant()));
    }
  }

  private int run(boolean answer, StringWriter out) {
    Confirmation operator =
        new Confirmation() {
          @Override
          public boolean isPossible() {
            return true;
          }

          @Override
          public boolean ask(String question) {
            assertThat(out.toString()).contains("Would remove all of acme/tiny");
            questions.add(question);
            return answer;
          }
        };
    return new CommandLine(new RemoveCommand(operator))
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(new StringWriter()))
        .setExecutionExceptionHandler(
            (e, _, _) -> e instanceof CommandException failed ? failed.code().status() : -1)
        .execute("acme/tiny", "--data", data.toString(), "--admin-port", "0");
  }

  @Test
  void it_removes_after_a_yes_only() throws Exception {
    assertThat(run(false, new StringWriter())).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(questions).hasSize(1);
    StringWriter out = new StringWriter();
    assertThat(run(true, out)).isZero();
    assertThat(out.toString()).contains("Removed all of acme/tiny");
    assertThat(run(true, new StringWriter())).isEqualTo(ExitCode.NOT_FOUND.status());
  }
}

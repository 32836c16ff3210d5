package io.intrahub.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;

/** What a job writes, and when it must not write any more. */
@Timeout(60)
class JobEventsTest {
  private final ByteArrayOutputStream answer = new ByteArrayOutputStream();

  private String written() {
    return answer.toString(StandardCharsets.UTF_8);
  }

  @Test
  void nothing_is_written_after_the_end_of_the_answer() {
    JobEvents events = new JobEvents(answer, () -> false);
    events.keepAlive();
    assertThat(written()).isEqualTo("\n");
    events.end(JsonMapper.shared().createObjectNode(), true, "");
    String all = written();

    events.close();
    events.keepAlive();

    assertThat(written()).isEqualTo(all);
    assertThatThrownBy(() -> events.line("late")).isInstanceOf(UncheckedIOException.class);
    assertThat(written()).isEqualTo(all);
  }

  @Test
  void the_answer_does_not_end_while_something_is_written() throws Exception {
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    OutputStream slow =
        new OutputStream() {
          @Override
          public void write(int one) {
            writing.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            answer.write(one);
          }
        };
    JobEvents events = new JobEvents(slow, () -> false);
    Thread beat = Thread.ofPlatform().start(events::keepAlive);
    writing.await();

    Thread end = Thread.ofPlatform().start(events::close);
    await().until(() -> end.getState() == Thread.State.BLOCKED);
    go.countDown();
    end.join();

    assertThat(written()).isEqualTo("\n");
    beat.join();
  }

  @Test
  void a_command_that_went_away_stops_the_job_and_not_the_beat() {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int one) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    JobEvents events = new JobEvents(broken, () -> false);

    events.keepAlive();

    assertThatThrownBy(() -> events.line("more")).hasRootCauseMessage("Broken pipe");
  }
}

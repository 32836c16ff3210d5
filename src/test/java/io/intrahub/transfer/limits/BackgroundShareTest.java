package io.intrahub.transfer.limits;

import static io.intrahub.transfer.limits.BackgroundShare.FLOOR;
import static io.intrahub.transfer.limits.BackgroundShare.IDLE;
import static io.intrahub.transfer.limits.BackgroundShare.UNLIMITED;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.transfer.limits.BackgroundShare.Window;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What downloads get that no client waits for. */
class BackgroundShareTest {
  private static final long MB = 1_000_000;
  private static final long SECOND = 1_000_000_000L;

  private record Row(String what, long configured, List<Window> recent, double best, long share) {}

  private static Window second(long clients, long background) {
    return new Window(clients, background, SECOND);
  }

  private static Row row(String what, long configured, Window window, long share) {
    return new Row(what, configured, List.of(window), window.bytesPerSecond(), share);
  }

  static Stream<Row> rows() {
    Window half = new Window(IDLE / 2 - 1, 0, SECOND / 2);
    return Stream.of(
        new Row("nothing is known of clients", 0, List.of(), 80 * MB, FLOOR),
        row("nobody downloads", 0, second(0, 0), UNLIMITED),
        new Row("no client", 0, List.of(second(0, 5), second(0, 80 * MB)), MB, UNLIMITED),
        row("a client has the line", 0, second(8 * MB, 0), 2 * MB),
        row("it is shared", 0, second(6 * MB, 2 * MB), 2 * MB),
        row("in half a second", 0, new Window(3 * MB, MB, SECOND / 2), 2 * MB),
        new Row("one has just come", 0, List.of(second(0, MB), second(IDLE, 0)), 8 * MB, 2 * MB),
        new Row("it waits for an answer", 0, List.of(second(MB, 0), second(0, 0)), MB, FLOOR),
        row("the line is slow", 0, second(FLOOR, FLOOR), FLOOR),
        row("a client trickles", 0, second(10, FLOOR), UNLIMITED),
        row("just below the threshold", 0, second(IDLE - 1, 0), UNLIMITED),
        row("also in half a second", 0, half, UNLIMITED),
        row("a client is slow", 0, second(IDLE, 0), FLOOR),
        new Row("on a fast line", 0, List.of(second(IDLE, 2 * MB)), 80 * MB, 20 * MB),
        row("a rate, nobody downloads", 8 * MB, second(0, 0), 2 * MB),
        new Row("a rate, nothing is known", 8 * MB, List.of(), 0, 2 * MB),
        row("a rate, a client downloads", 8 * MB, second(4 * MB, MB), 2 * MB),
        row("a rate below the floor", 8_000, second(4_000, 1_000), 2_000),
        row("the lowest rate", 1, second(1, 0), 1));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void clients_come_first(Row row) {
    assertThat(BackgroundShare.bytesPerSecond(row.configured(), row.recent(), row.best()))
        .as(row.what())
        .isEqualTo(row.share());
  }
}

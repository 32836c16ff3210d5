package io.intrahub.transfer.limits;

import static io.intrahub.transfer.limits.BackgroundShare.FLOOR;
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

  private record Row(String what, long configured, List<Window> recent, long share) {}

  private static Window second(long clients, long background) {
    return new Window(clients, background, SECOND);
  }

  static Stream<Row> rows() {
    return Stream.of(
        new Row("nothing is known of clients", 0, List.of(), FLOOR),
        new Row("nobody downloads", 0, List.of(second(0, 0)), UNLIMITED),
        new Row("no client downloads", 0, List.of(second(0, 5), second(0, 80 * MB)), UNLIMITED),
        new Row("a client has the line", 0, List.of(second(8 * MB, 0)), 2 * MB),
        new Row("it is shared", 0, List.of(second(6 * MB, 2 * MB)), 2 * MB),
        new Row("in half a second", 0, List.of(new Window(3 * MB, MB, SECOND / 2)), 2 * MB),
        new Row("a client has just come", 0, List.of(second(0, 8 * MB), second(1, 0)), 2 * MB),
        new Row("it waits for an answer", 0, List.of(second(6 * MB, 0), second(0, 0)), MB * 3 / 2),
        new Row("the line is slow", 0, List.of(second(FLOOR, FLOOR)), FLOOR),
        new Row("a client trickles", 0, List.of(second(10, FLOOR)), FLOOR),
        new Row("a rate, nobody downloads", 8 * MB, List.of(second(0, 0)), 2 * MB),
        new Row("a rate, nothing is known", 8 * MB, List.of(), 2 * MB),
        new Row("a rate, a client downloads", 8 * MB, List.of(second(4 * MB, MB)), 2 * MB),
        new Row("a rate below the floor", 8_000, List.of(second(4_000, 1_000)), 2_000),
        new Row("the lowest rate", 1, List.of(second(1, 0)), 1));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void clients_come_first(Row row) {
    assertThat(BackgroundShare.bytesPerSecond(row.configured(), row.recent()))
        .as(row.what())
        .isEqualTo(row.share());
  }
}

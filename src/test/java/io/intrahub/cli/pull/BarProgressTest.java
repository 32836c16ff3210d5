package io.intrahub.cli.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a terminal gets to draw. */
class BarProgressTest {
  private static final int WIDTH = 100;
  private static final long MIB = 1L << 20;

  private final StringWriter terminal = new StringWriter();

  /** The lines that were drawn, without the sequences that move the cursor. */
  private List<String> lines() {
    return Arrays.asList(terminal.toString().replaceAll("\u001b\\[\\d*[AJ]|\r", "").split("\n"));
  }

  @Test
  void large_files_have_a_bar_of_their_own_and_all_have_one_together() {
    try (BarProgress bars = new BarProgress(new PrintWriter(terminal), WIDTH, 2, 3, 30 * MIB)) {
      bars.begin(0, "a/very/long/path/to/model-00001.safetensors", 20 * MIB);
      bars.begin(1, "config.json", 100);
      bars.at(1, 100);
      bars.done(1);
      bars.at(0, 10 * MIB);

      await()
          .untilAsserted(() ->
              assertThat(lines())
                  .anyMatch(line ->
                      line.startsWith("...")
                          && line.contains("model-00001.safetensors  50% [")
                          && line.contains("10/20MiB"))
                  .anyMatch(line ->
                      line.startsWith("total ")
                          && line.contains(" 33% [")
                          && line.contains("1/3 files")));
      assertThat(lines()).allMatch(line -> line.length() < WIDTH);
      assertThat(lines()).noneMatch(line -> line.contains("config.json"));
    }
  }

  @Test
  void rate_and_time_left_fit_on_a_narrow_terminal() {
    long all = 20_000 * MIB;
    try (BarProgress bars = new BarProgress(new PrintWriter(terminal), 80, 1, 300, 2 * all)) {
      bars.begin(0, "a/very/long/path/to/model-00001-of-00002.safetensors", all);
      bars.at(0, all / 2);

      String rateAndTime = ".*\\(\\d+:\\d\\d:\\d\\d / \\d+:\\d\\d:\\d\\d\\) \\d+\\.\\dMiB/s.*";
      await()
          .untilAsserted(() ->
              assertThat(lines())
                  .anyMatch(line ->
                      line.startsWith("...")
                          && line.contains("10000/20000MiB")
                          && line.matches(rateAndTime))
                  .anyMatch(line ->
                      line.startsWith("total ")
                          && line.contains("10000/40000MiB")
                          && line.contains(" 0/300")
                          && line.matches(rateAndTime)));
      assertThat(lines()).allMatch(line -> line.length() < 80);
    }
  }

  @Test
  void a_failed_file_stays_on_the_terminal_and_the_bars_do_not() {
    try (BarProgress bars = new BarProgress(new PrintWriter(terminal), WIDTH, 1, 2, 30 * MIB)) {
      bars.begin(0, "model.bin", 20 * MIB);
      bars.failed(0, "it is gone (HTTP 404)");
    }
    String all = terminal.toString();
    assertThat(all).contains("intrahub: model.bin: it is gone (HTTP 404).\n");
    assertThat(all.substring(all.lastIndexOf("\u001b[J"))).isEqualTo("\u001b[J");
  }
}

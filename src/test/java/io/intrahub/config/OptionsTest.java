package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The declarations are whole, and go together. */
class OptionsTest {
  @Test
  void names_are_made_from_the_components() {
    assertThat(Options.all())
        .extracting(Option::key)
        .startsWith("mode", "server.host", "server.port", "server.body-timeout")
        .contains("access.public-ttl-during-outage")
        .doesNotHaveDuplicates();
    assertThat(Options.find("store.min-free").map(Option::environment))
        .contains("INTRAHUB_STORE_MIN_FREE");
  }

  @Test
  void no_two_options_share_a_variable_or_a_flag() {
    assertThat(Options.all()).extracting(Option::environment).doesNotHaveDuplicates();
    assertThat(Options.all().stream().flatMap(option -> option.flag().stream()))
        .extracting(Option.Flag::name)
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrder(
            "--host",
            "--port",
            "--admin-host",
            "--admin-port",
            "--data",
            "--upstream",
            "--revision-ttl",
            "--offline");
  }

  @Test
  void defaults_and_limits_are_valid_values() {
    assertThat(Options.all())
        .allSatisfy(option -> {
          assertThat(option.optional() || option.parse(option.byDefault()).isPresent()).isTrue();
          option.min().ifPresent(min -> assertThat(option.parse(min)).isPresent());
          option.max().ifPresent(max -> assertThat(option.parse(max)).isPresent());
          option
              .flag()
              .flatMap(Option.Flag::means)
              .ifPresent(means -> assertThat(option.parse(means)).isPresent());
        });
    assertThat(OptionRules.violations(Config.defaults())).isEmpty();
  }

  @Test
  void every_option_says_what_it_does_in_one_line_of_sentences() {
    assertThat(Options.all())
        .extracting(Option::doc)
        .allSatisfy(doc -> assertThat(doc).matches("[^|\n]+\\.").doesNotContain("  "));
    assertThat(Options.sections().values())
        .allSatisfy(about -> assertThat(about).matches("[A-Z][^|\n]+\\."));
  }

  @Test
  void limits_hold() {
    Option port = Options.find("server.port").orElseThrow();
    Option buffers = Options.find("memory.buffers").orElseThrow();

    assertThat(port.limits()).contains("0 to 65535");
    assertThat(port.parse("65535")).contains(65535);
    assertThat(port.parse("65536")).isEmpty();
    assertThat(buffers.limits()).contains("512KiB or more");
    assertThat(buffers.parse("524288")).isPresent();
    assertThat(buffers.parse("524287")).isEmpty();
    assertThat(Options.find("upstream.connect-timeout").orElseThrow().parse("0s")).isEmpty();
    assertThat(Options.find("store.min-free").orElseThrow().limits()).isEmpty();
  }

  @Test
  void values_reach_their_components() {
    Config config =
        Options.build(Map.of("store.path", Path.of("/x"), "upstream.endpoints", List.of()));

    assertThat(config.store().path()).isEqualTo(Path.of("/x"));
    assertThat(config.upstream().endpoints()).isEmpty();
    assertThat(config.store().minFree()).isEqualTo(Config.defaults().store().minFree());
  }
}

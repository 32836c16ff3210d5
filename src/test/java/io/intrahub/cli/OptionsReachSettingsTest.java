package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.config.ConfigLoader;
import io.intrahub.config.Option;
import io.intrahub.config.Options;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No option is read and then forgotten: another value of each makes other settings. */
class OptionsReachSettingsTest {
  /** Their values are in files that have to be right; {@code SquidIT} names such. */
  private static final Set<String> OF_CERTIFICATES =
      Set.of(
          "upstream.ca-files",
          "upstream.client-certificate",
          "upstream.client-certificate-password-file");

  /** Only the file can express them; {@code ServiceModeIT} does. */
  private static final Set<String> IN_THE_FILE = Set.of("access.rules");

  /** What an option needs to have an effect. */
  private static final Map<String, String> COMPANIONS =
      Map.of(
          "INTRAHUB_AUDIT_FILE", "/tmp/audit.log",
          "INTRAHUB_UPSTREAM_PROXY", "http://one.example:3128");

  @TempDir private Path tmp;
  private Path token;

  @BeforeEach
  void writeToken() throws Exception {
    token = Files.writeString(tmp.resolve("token"), "hf_serviceONE");
  }

  static List<Option> options() {
    return Options.all().stream()
        .filter(option ->
            !OF_CERTIFICATES.contains(option.key()) && !IN_THE_FILE.contains(option.key()))
        .toList();
  }

  private AppSettings settings(Map<String, String> environment) throws Exception {
    return AppSettingsFactory.of(
        ConfigLoader.load(Optional.empty(), environment, Map.of()), Map.of());
  }

  @Test
  void the_same_values_make_the_same_settings() throws Exception {
    assertThat(settings(COMPANIONS)).usingRecursiveComparison().isEqualTo(settings(COMPANIONS));
  }

  @ParameterizedTest
  @MethodSource("options")
  void another_value_makes_other_settings(Option option) throws Exception {
    Map<String, String> before = new HashMap<>(COMPANIONS);
    if (option.key().startsWith("access.service-token")) {
      before.put("INTRAHUB_ACCESS_MODE", "service");
      Path other = Files.writeString(tmp.resolve("other"), "hf_serviceTWO");
      before.put("INTRAHUB_ACCESS_SERVICE_TOKEN_FILE", other.toString());
    }
    Map<String, String> after = new HashMap<>(before);
    if (option.key().equals("access.service-token")) {
      after.remove("INTRAHUB_ACCESS_SERVICE_TOKEN_FILE");
    }
    if (option.key().equals("access.mode")) {
      after.put("INTRAHUB_ACCESS_SERVICE_TOKEN_FILE", token.toString());
    }
    after.put(option.environment(), another(option));
    assertThat(settings(after)).usingRecursiveComparison().isNotEqualTo(settings(before));
  }

  private String another(Option option) {
    return switch (option.type()) {
      case HOST -> "127.0.0.9";
      case NUMBER -> {
        long number = Long.parseLong(option.byDefault());
        // Neither the other port nor beyond the other watermark.
        yield "" + (number + 3);
      }
      case FOLDER -> tmp.resolve("folder").toString();
      case FILE -> token.toString();
      case SIZE -> "7MiB";
      // Those of an outage are no shorter than the others.
      case DURATION -> option.key().matches(".*(outage|grace)") ? "9d" : "7s";
      case CHOICE ->
          option.words().stream()
              .filter(word -> !word.equals(option.byDefault()))
              .findFirst()
              .orElseThrow();
      case ENDPOINT -> "https://hub.example";
      case PROXY -> "http://another.example:3128";
      case SERVERS -> "hub.example";
      case NETWORK -> "10.0.0.0/8";
      case SECRET -> "hf_serviceONE";
      case RULE -> throw new IllegalArgumentException(option.key());
    };
  }
}

package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.intrahub.config.ConfigException.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which source wins, and what is said about files and variables that can't be used. */
class ConfigLoaderTest {
  private static final Map<String, String> NO_VARIABLES = Map.of();
  private static final Map<String, List<String>> NO_FLAGS = Map.of();

  @TempDir Path folder;

  @Test
  void without_any_source_the_defaults_hold() throws Exception {
    Config config = ConfigLoader.load(Optional.empty(), NO_VARIABLES, NO_FLAGS);

    assertThat(config).isEqualTo(Config.defaults());
    assertThat(config.server())
        .isEqualTo(new ServerOptions("0.0.0.0", 8090, Duration.ofSeconds(20), 10_000, List.of()));
    assertThat(config.store().path()).isEqualTo(Path.of("data"));
    assertThat(config.store().maxSize().bytes()).isZero();
    assertThat(config.store().minFree().bytes()).isEqualTo(256L * 1024 * 1024);
    assertThat(config.store().highWatermark()).isEqualTo(95);
    assertThat(config.store().lowWatermark()).isEqualTo(90);
    assertThat(config.mode()).isEqualTo(Config.Mode.ONLINE);
    assertThat(config.upstream().endpoints())
        .extracting(EndpointOptions::toString)
        .containsExactly("https://huggingface.co");
    assertThat(config.access().publicTtlDuringOutage()).isEqualTo(Duration.ofDays(7));
  }

  @Test
  void the_environment_wins_over_the_file_and_a_flag_over_both() throws Exception {
    Path file =
        file(
            """
            server:
              host: 10.0.0.1
              port: 1001
            freshness:
              revision-ttl: 1m
            """);
    Config config =
        ConfigLoader.load(
            Optional.of(file),
            Map.of("INTRAHUB_SERVER_PORT", "1002", "INTRAHUB_FRESHNESS_REVISION_TTL", "2m"),
            Map.of("freshness.revision-ttl", List.of("3m")));

    assertThat(config.server())
        .isEqualTo(
            new ServerOptions("10.0.0.1", 1001 + 1, Duration.ofSeconds(20), 10_000, List.of()));
    assertThat(config.freshness().revisionTtl()).isEqualTo(Duration.ofMinutes(3));
    assertThat(config.admin()).isEqualTo(Config.defaults().admin());
  }

  @Test
  void a_list_comes_from_yaml_from_commas_or_from_a_repeated_flag_and_is_replaced_as_a_whole()
      throws Exception {
    Path file = file("upstream: {endpoints: [https://a.example, 'https://b.example/hub']}");
    String key = "upstream.endpoints";

    assertThat(endpoints(Optional.of(file), NO_VARIABLES, NO_FLAGS))
        .containsExactly("https://a.example", "https://b.example/hub");
    assertThat(
            endpoints(
                Optional.of(file),
                Map.of("INTRAHUB_UPSTREAM_ENDPOINTS", "https://c.example, http://d_e:8080 ,"),
                NO_FLAGS))
        .containsExactly("https://c.example", "http://d_e:8080");
    assertThat(
            endpoints(
                Optional.of(file),
                Map.of("INTRAHUB_UPSTREAM_ENDPOINTS", "https://c.example"),
                Map.of(key, List.of("https://f.example", "http://[::1]:8090"))))
        .containsExactly("https://f.example", "http://[::1]:8090");
  }

  @Test
  void what_may_be_empty_may_be_given_and_emptied_again() throws Exception {
    Path file =
        file(
            """
            upstream:
              ca-files: [/etc/acme.pem]
              no-proxy: []
              client-certificate: us.p12
            """);
    UpstreamOptions upstream =
        ConfigLoader.load(
                Optional.of(file),
                Map.of("INTRAHUB_UPSTREAM_NO_PROXY", ".corp, 10.0.0.0/8"),
                NO_FLAGS)
            .upstream();

    assertThat(upstream.caFiles()).containsExactly(Path.of("/etc/acme.pem"));
    assertThat(upstream.noProxy()).containsExactly(".corp", "10.0.0.0/8");
    assertThat(upstream.clientCertificate()).contains(Path.of("us.p12"));
    assertThat(upstream.clientCertificatePasswordFile()).isEmpty();
    assertThat(problems(Optional.of(file("upstream: {endpoints: []}")), NO_VARIABLES, NO_FLAGS))
        .singleElement()
        .asString()
        .contains("expected at least one");
  }

  @Test
  void the_password_of_a_proxy_is_never_shown() throws Exception {
    String secret = "s3cret";
    String proxy = "http://ada:" + secret + "@proxy.example:3128";
    Config config =
        ConfigLoader.load(Optional.empty(), Map.of("INTRAHUB_UPSTREAM_PROXY", proxy), NO_FLAGS);

    assertThat(config.upstream().proxy())
        .isEqualTo(ProxyChoice.parse(proxy).orElseThrow())
        .isNotEqualTo(new ProxyChoice.FromEnvironment());
    assertThat(config.toString()).contains("proxy.example").doesNotContain(secret);
    assertThat(
            problems(
                Optional.empty(),
                Map.of("INTRAHUB_UPSTREAM_PROXY", "socks5://ada:" + secret + "@proxy:1080"),
                NO_FLAGS))
        .containsExactly(
            "INTRAHUB_UPSTREAM_PROXY: expected environment, none, or an address such as"
                + " http://user:password@proxy.example:3128; found another value, which is"
                + " not shown because it may contain a password");
  }

  @Test
  void a_flag_without_a_value_stands_for_one() throws Exception {
    Option.Flag offline = Options.find("mode").orElseThrow().flag().orElseThrow();

    assertThat(offline.name()).isEqualTo("--offline");
    assertThat(
            ConfigLoader.load(
                    Optional.empty(),
                    Map.of("INTRAHUB_MODE", "online"),
                    Map.of("mode", List.of(offline.means().orElseThrow())))
                .mode())
        .isEqualTo(Config.Mode.OFFLINE);
  }

  @Test
  void a_variable_names_the_file_unless_a_flag_does() throws Exception {
    Path first = file("server: {port: 1001}");
    Path second = Files.writeString(folder.resolve("second.yaml"), "server: {port: 1002}");
    Map<String, String> environment = Map.of("INTRAHUB_CONFIG", first.toString());

    assertThat(ConfigLoader.load(Optional.empty(), environment, NO_FLAGS).server().port())
        .isEqualTo(1001);
    assertThat(ConfigLoader.load(Optional.of(second), environment, NO_FLAGS).server().port())
        .isEqualTo(1002);
    assertThat(ConfigLoader.load(Optional.empty(), Map.of("INTRAHUB_CONFIG", ""), NO_FLAGS))
        .isEqualTo(Config.defaults());
  }

  @Test
  void all_problems_of_all_sources_are_told_at_once() throws Exception {
    Path file =
        file(
            """
            server:
              port: 65536
              prot: 1
            store:
              min-free: lots
            """);

    assertThat(
            problems(
                Optional.of(file),
                Map.of("INTRAHUB_ADMIN_PORT", "-1", "INTRAHUB_SERVER_PROT", "1"),
                Map.of("freshness.revision-ttl", List.of("-5s"))))
        .containsExactly(
            file + ":2: server.port: expected a whole number, 0 to 65535; found \"65536\"",
            file + ":3: server.prot: unknown option; did you mean server.port?",
            file
                + ":5: store.min-free: expected a size such as 64MiB, 10GB or plain bytes; found"
                + " \"lots\"",
            "INTRAHUB_ADMIN_PORT: expected a whole number, 0 to 65535; found \"-1\"",
            "INTRAHUB_SERVER_PROT: unknown option; did you mean INTRAHUB_SERVER_PORT?",
            "--revision-ttl: expected a duration such as 200ms, 10s, 5m, 1h or 7d; found \"-5s\"");
  }

  @Test
  void a_wrong_value_is_told_even_if_a_later_source_replaces_it() throws Exception {
    Path file = file("server: {port: http}");

    assertThat(problems(Optional.of(file), Map.of("INTRAHUB_SERVER_PORT", "1"), NO_FLAGS))
        .singleElement()
        .asString()
        .contains("server.port");
  }

  @Test
  void the_message_has_one_line_for_each_problem() {
    ConfigException e =
        failure(
            Optional.empty(),
            Map.of("INTRAHUB_ADMIN_PORT", "x\ny", "INTRAHUB_SERVER_PORT", "z"),
            NO_FLAGS);

    assertThat(e.getMessage().lines())
        .containsExactly(
            "There are 2 problems in the configuration:",
            "  INTRAHUB_ADMIN_PORT: expected a whole number, 0 to 65535; found \"x y\"",
            "  INTRAHUB_SERVER_PORT: expected a whole number, 0 to 65535; found \"z\"");
    assertThat(failure(Optional.empty(), Map.of("INTRAHUB_MODE", "of"), NO_FLAGS).getMessage())
        .isEqualTo(
            """
            There is a problem in the configuration:
              INTRAHUB_MODE: expected online or offline; found "of\"\
            """);
  }

  @Test
  void an_empty_file_or_one_with_comments_only_changes_nothing() throws Exception {
    for (String text : List.of("", "\n", "# nothing\n", "---\n", "server:\n", "server: {}\n")) {
      assertThat(load(file(text))).as("<%s>", text).isEqualTo(Config.defaults());
    }
  }

  @Test
  void a_byte_order_mark_and_windows_line_ends_are_fine() throws Exception {
    Path file = file("\uFEFFserver:\r\n  port: 1001\r\n# end\r\n");

    assertThat(load(file).server().port()).isEqualTo(1001);
  }

  @Test
  void a_file_that_cannot_be_read_is_one_problem_and_the_others_are_told_too() throws Exception {
    Path missing = folder.resolve("none.yaml");
    Path utf16 = Files.write(folder.resolve("utf16"), "mode: x".getBytes(StandardCharsets.UTF_16));
    Path large = folder.resolve("large");
    byte[] spaces = new byte[(1 << 20) + 1];
    Arrays.fill(spaces, (byte) ' ');
    Files.write(large, spaces);
    Map<String, String> wrong = Map.of("INTRAHUB_MODE", "x");

    assertThat(problems(Optional.of(missing), wrong, NO_FLAGS))
        .containsExactly(
            missing + ": the file does not exist",
            "INTRAHUB_MODE: expected online or offline; found \"x\"");
    assertThat(problems(folder))
        .containsExactly(folder + ": cannot be read: it is a folder, not a file");
    assertThat(problems(utf16)).containsExactly(utf16 + ": is not UTF-8 text");
    assertThat(problems(large))
        .containsExactly(large + ": is larger than 1 MiB, so it cannot be a configuration file");
  }

  @Test
  void variables_of_others_and_empty_ones_are_ignored() throws Exception {
    Map<String, String> environment =
        Map.of(
            "PATH", "/bin",
            "INTRAHUBS", "x",
            "INTRAHUB_JAVA_OPTS", "-Xmx1g",
            "INTRAHUB_SERVER_PORT", " ",
            "INTRAHUB_UPSTREAM_ENDPOINTS", "");

    assertThat(ConfigLoader.load(Optional.empty(), environment, NO_FLAGS))
        .isEqualTo(Config.defaults());
  }

  @Test
  void an_unknown_variable_is_a_problem() {
    assertThat(
            problems(
                Optional.empty(),
                Map.of("INTRAHUB_HIGH_WATERMARK", "80", "INTRAHUB_STORE_MINFREE", "1GB"),
                NO_FLAGS))
        .containsExactly(
            "INTRAHUB_HIGH_WATERMARK: unknown option; did you mean INTRAHUB_STORE_HIGH_WATERMARK?",
            "INTRAHUB_STORE_MINFREE: unknown option; did you mean INTRAHUB_STORE_MIN_FREE?");
  }

  @Test
  void what_kubernetes_sets_for_services_of_our_name_is_no_option() throws Exception {
    Map<String, String> environment =
        Map.ofEntries(
            Map.entry("INTRAHUB_SERVICE_HOST", "10.0.0.1"),
            Map.entry("INTRAHUB_SERVICE_PORT", "8090"),
            Map.entry("INTRAHUB_SERVICE_PORT_HTTP", "8090"),
            Map.entry("INTRAHUB_PORT", "tcp://10.0.0.1:8090"),
            Map.entry("INTRAHUB_PORT_8090_TCP", "tcp://10.0.0.1:8090"),
            Map.entry("INTRAHUB_PORT_8090_TCP_ADDR", "10.0.0.1"),
            Map.entry("INTRAHUB_ADMIN_SERVICE_HOST", "10.0.0.2"),
            Map.entry("INTRAHUB_ADMIN_PORT", "tcp://10.0.0.2:8091"));

    assertThat(ConfigLoader.load(Optional.empty(), environment, NO_FLAGS))
        .isEqualTo(Config.defaults());
  }

  @Test
  void a_port_is_the_operators_own_where_kubernetes_sets_variables_too() throws Exception {
    Map<String, String> environment =
        Map.of("INTRAHUB_ADMIN_SERVICE_HOST", "10.0.0.2", "INTRAHUB_ADMIN_PORT", "1001");

    assertThat(ConfigLoader.load(Optional.empty(), environment, NO_FLAGS).admin().port())
        .isEqualTo(1001);
    assertThat(
            problems(Optional.empty(), Map.of("INTRAHUB_ADMIN_PORT", "tcp://10.0.0.2"), NO_FLAGS))
        .hasSize(1);
  }

  @Test
  void credentials_in_an_address_are_refused_and_not_repeated() {
    assertThat(
            problems(
                Optional.empty(),
                NO_VARIABLES,
                Map.of("upstream.endpoints", List.of("https://me:secret@hub.example"))))
        .containsExactly(
            "--upstream: expected an address such as https://hub.example, without user, query or"
                + " fragment other than #send-tokens; found an address with a user name, which is not"
                + " shown");
  }

  @Test
  void an_override_of_what_is_no_option_is_a_fault_of_the_caller() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            ConfigLoader.load(Optional.empty(), NO_VARIABLES, Map.of("server.prot", List.of("1"))))
        .withMessageContaining("server.prot");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("intrahub.yaml"), text);
  }

  private static Config load(Path file) throws ConfigException {
    return ConfigLoader.load(Optional.of(file), NO_VARIABLES, NO_FLAGS);
  }

  private static List<String> endpoints(
      Optional<Path> file, Map<String, String> environment, Map<String, List<String>> flags)
      throws ConfigException {
    return ConfigLoader.load(file, environment, flags).upstream().endpoints().stream()
        .map(EndpointOptions::toString)
        .toList();
  }

  private static List<String> problems(Path file) {
    return problems(Optional.of(file), NO_VARIABLES, NO_FLAGS);
  }

  private static List<String> problems(
      Optional<Path> file, Map<String, String> environment, Map<String, List<String>> flags) {
    return failure(file, environment, flags).problems().stream().map(Problem::toString).toList();
  }

  private static ConfigException failure(
      Optional<Path> file, Map<String, String> environment, Map<String, List<String>> flags) {
    ConfigException e =
        catchThrowableOfType(
            ConfigException.class, () -> ConfigLoader.load(file, environment, flags));
    assertThat(e).as("the configuration was taken").isNotNull();
    return e;
  }
}

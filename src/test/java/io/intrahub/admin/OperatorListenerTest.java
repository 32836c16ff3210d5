package io.intrahub.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.App;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.AppSettingsFactory;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Web pages in the browser of somebody who may reach the operator's listener, and monitors. */
@Timeout(60)
class OperatorListenerTest {
  @TempDir static Path data;
  private static App app;

  @BeforeAll
  static void start() throws Exception {
    AppSettings settings =
        AppSettingsFactory.demo("127.0.0.1", 0, data, URI.create("http://127.0.0.1:9"));
    app =
        App.start(
            settings.withAdminHosts(List.of("Mirror.corp.example")),
            new SettableClock(),
            request -> {});
  }

  @AfterAll
  static void stop() {
    app.close();
  }

  private static String get(String path, String... headers) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", app.adminUri().getPort())) {
      socket.setSoTimeout(20_000);
      StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\n");
      Stream.of(headers).forEach(h -> request.append(h).append("\r\n"));
      request.append("Connection: close\r\n\r\n");
      socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1:8091",
        "10.1.2.3",
        "[::1]:8091",
        "localhost",
        "LOCALHOST:8091",
        "mirror.corp.example:9999"
      })
  void monitors_and_people_are_served_by_address_and_by_the_names_of_the_listener(String host)
      throws Exception {
    for (String path : List.of("/health", "/metrics", "/status")) {
      assertThat(get(path, "Host: " + host)).startsWith("HTTP/1.1 200 ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.example",
        "evil.example:8091",
        "localhost.evil.example",
        "127.0.0.1.evil.example"
      })
  void a_page_whose_name_leads_here_is_refused(String host) throws Exception {
    for (String path : List.of("/health", "/metrics", "/status", "/")) {
      assertThat(get(path, "Host: " + host))
          .startsWith("HTTP/1.1 421 ")
          .contains("admin.hosts")
          .doesNotContain("uptime", "intrahub_", "upstream");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"https://evil.example", "null", "http://localhost:8080", "http://127.0.0.1"})
  void a_page_of_another_origin_is_refused(String origin) throws Exception {
    assertThat(get("/status", "Host: localhost:8091", "Origin: " + origin))
        .startsWith("HTTP/1.1 403 ")
        .doesNotContain("uptime");
  }

  @Test
  void the_listeners_own_page_is_served() throws Exception {
    assertThat(get("/status", "Host: localhost:8091", "Origin: http://localhost:8091"))
        .startsWith("HTTP/1.1 200 ");
  }

  @Test
  void errors_show_nothing_of_the_libraries() throws Exception {
    assertThat(get("/nothing", "Host: localhost")).doesNotContain("Jetty", "javalin", "Exception");
    assertThat(get("/%00", "Host: localhost")).doesNotContain("Jetty", "javalin", "Exception");
  }
}

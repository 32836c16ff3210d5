package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurlClientIT {
  @TempDir Path tmp;
  private HttpServer server;
  private String endpoint;
  private CurlClient curl;

  /** Answers with the path it was asked for; /moved leads to /a. */
  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
    server.createContext(
        "/",
        exchange -> {
          byte[] path = exchange.getRequestURI().getRawPath().getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("X-Length", String.valueOf(path.length));
          boolean moved = exchange.getRequestURI().getPath().equals("/moved");
          if (moved) {
            exchange.getResponseHeaders().set("Location", "/a");
          }
          boolean head = exchange.getRequestMethod().equals("HEAD");
          exchange.sendResponseHeaders(moved ? 302 : 200, head || moved ? -1 : path.length);
          if (!head && !moved) {
            exchange.getResponseBody().write(path);
          }
          exchange.close();
        });
    server.start();
    curl = new CurlClient(tmp);
    curl.assumeAvailable();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void the_path_is_sent_as_it_is() {
    CurlClient.Answer answer = curl.get(endpoint + "/x/../y%2Fz");

    assertThat(answer.process().exitCode()).isZero();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("x-length")).isEqualTo("11");
    assertThat(answer.text()).isEqualTo("/x/../y%2Fz");
  }

  @Test
  void a_head_has_no_body() {
    CurlClient.Answer answer = curl.head(endpoint + "/abc");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("X-Length")).isEqualTo("4");
  }

  @Test
  void after_a_redirect_the_last_answer_counts() {
    assertThat(curl.get(endpoint + "/moved").status()).isEqualTo(302);

    CurlClient.Answer answer = curl.get(endpoint + "/moved", "-L");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("/a");
    assertThat(answer.header("Location")).isEmpty();
  }

  @Test
  void no_answer_is_status_zero() {
    server.stop(0);

    CurlClient.Answer answer = curl.get(endpoint + "/abc");

    assertThat(answer.status()).isZero();
    assertThat(answer.process().exitCode()).isEqualTo(7);
  }
}

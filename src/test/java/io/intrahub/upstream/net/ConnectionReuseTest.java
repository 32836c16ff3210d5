package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevHub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which calls share connections. */
class ConnectionReuseTest {
  private final DevHub hub = DevHub.builder().start();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger opened = new AtomicInteger();
  private final HttpTransport transport =
      new HttpTransport(
          NetworkSettings.DEFAULT,
          timer,
          new RedirectGuard(Set.of(hub.uri().getHost())),
          new CountingSockets(),
          List.of());

  @AfterEach
  void stop() {
    transport.close();
    timer.shutdownNow();
    hub.close();
  }

  /** OkHttp makes sockets without an address only. */
  private final class CountingSockets extends SocketFactory {
    @Override
    public Socket createSocket() {
      opened.incrementAndGet();
      return new Socket();
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }

  private Request request() {
    return new Request.Builder().url(hub.uri() + "/api/whoami-v2").build();
  }

  private void send() throws IOException {
    try (Response response = transport.send(request())) {
      assertThat(response.body().bytes()).isNotNull();
    }
  }

  @Test
  void a_request_aside_has_a_connection_of_its_own_and_leaves_the_idle_ones_to_others()
      throws Exception {
    send();
    send();
    assertThat(opened).hasValue(1);
    CompletableFuture<Optional<Response>> aside = new CompletableFuture<>();
    transport.sendAside(request(), Duration.ofMinutes(1), aside::complete);
    assertThat(aside.get()).isPresent();
    assertThat(opened).hasValue(2);
    send();
    assertThat(opened).hasValue(2);
  }
}

package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.SocketFactory;
import okhttp3.Dns;
import okhttp3.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A name that upstream redirects to is resolved once for each connection, and the connection goes
 * to an address that was looked at, whatever the name resolves to a moment later.
 */
class RebindingTest {
  private static final String ENDPOINT = "203.0.113.7";
  private static final String PUBLIC = "198.51.100.7";
  private static final String OTHER = "198.51.100.8";
  private static final String METADATA = "169.254.169.254";

  private final Names names = new Names();
  private final Refusing sockets = new Refusing();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final HttpTransport transport =
      new HttpTransport(
          NetworkSettings.DEFAULT,
          timer,
          new RedirectGuard(Set.of(ENDPOINT), names),
          sockets,
          List.of());

  @AfterEach
  void stop() {
    transport.close();
    timer.shutdownNow();
  }

  /** Resolves every name but the endpoint to what comes next in a script. */
  private static final class Names implements Dns {
    private final Queue<List<InetAddress>> script = new ArrayDeque<>();
    private int lookups;

    void then(String... addresses) throws UnknownHostException {
      List<InetAddress> all = new ArrayList<>();
      for (String address : addresses) {
        all.add(InetAddress.ofLiteral(address));
      }
      script.add(all);
    }

    @Override
    public synchronized List<InetAddress> lookup(String host) throws UnknownHostException {
      if (host.equals(ENDPOINT)) {
        return List.of(InetAddress.ofLiteral(ENDPOINT));
      }
      lookups++;
      List<InetAddress> next = script.poll();
      if (next == null) {
        throw new UnknownHostException(host);
      }
      return next;
    }
  }

  /** Opens no connection, and keeps to which addresses one was to be made. */
  private static final class Refusing extends SocketFactory {
    private final List<String> asked = new CopyOnWriteArrayList<>();

    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public void connect(SocketAddress to, int timeout) throws IOException {
          asked.add(((InetSocketAddress) to).getAddress().getHostAddress());
          throw new ConnectException("refused");
        }
      };
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new AssertionError("a name was connected to: " + host);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort) {
      throw new AssertionError("a name was connected to: " + host);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new AssertionError("not used");
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) {
      throw new AssertionError("not used");
    }
  }

  private void send() throws IOException {
    transport.send(new Request.Builder().url("http://cdn.example/file").build()).close();
  }

  @Test
  void a_name_that_is_rebound_after_it_was_looked_at_leads_to_the_first_address() throws Exception {
    names.then(PUBLIC);
    names.then("127.0.0.1");

    assertThatThrownBy(this::send).isInstanceOf(ConnectException.class);

    assertThat(sockets.asked).containsExactly(PUBLIC);
    assertThat(names.lookups).isEqualTo(1);
  }

  @Test
  void a_name_that_is_rebound_between_two_connections_is_refused() throws Exception {
    names.then(PUBLIC);
    names.then("127.0.0.1");
    assertThatThrownBy(this::send).isInstanceOf(ConnectException.class);

    assertThatThrownBy(this::send).isInstanceOf(UnknownHostException.class);

    assertThat(sockets.asked).containsExactly(PUBLIC);
  }

  @Test
  void of_several_addresses_only_the_public_ones_are_tried() throws Exception {
    names.then("127.0.0.1", PUBLIC, METADATA, "::1", "10.0.0.1", OTHER, "fd00::1");

    assertThatThrownBy(this::send).isInstanceOf(IOException.class);

    assertThat(sockets.asked).containsExactlyInAnyOrder(PUBLIC, OTHER);
    assertThat(names.lookups).isEqualTo(1);
  }
}

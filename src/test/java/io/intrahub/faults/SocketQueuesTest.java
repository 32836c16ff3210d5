package io.intrahub.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SocketQueuesTest {
  @Tag("slow")
  @Test
  void what_was_written_and_not_read_is_counted_once_in_whichever_queue_it_is() throws Exception {
    assumeThat(SocketQueues.areKnown()).as("whether the system tells its queues").isTrue();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket reader = new Socket()) {
      // So small that most stays with the writer.
      reader.setReceiveBufferSize(8 * 1024);
      reader.connect(server.getLocalSocketAddress());
      try (Socket writer = server.accept()) {
        writer.setSendBufferSize(200_000);
        writer.getOutputStream().write(new byte[100_000]);
        int port = reader.getLocalPort();
        await().until(() -> SocketQueues.unread(server.getLocalPort()), q -> is(q, port, 100_000));
        assertThat(reader.getInputStream().readNBytes(50_001)).hasSize(50_001);
        await().until(() -> SocketQueues.unread(server.getLocalPort()), q -> is(q, port, 49_999));
        assertThat(reader.getInputStream().readNBytes(49_999)).hasSize(49_999);
        await().until(() -> SocketQueues.unread(server.getLocalPort()), q -> is(q, port, 0));
      }
    }
  }

  private static boolean is(Optional<Map<Integer, Long>> queues, int port, long bytes) {
    return queues.isPresent() && queues.get().get(port) == bytes;
  }
}

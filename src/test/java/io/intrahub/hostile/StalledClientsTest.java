package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that ask for a large file and take nothing of it. What the mirror holds for them must not
 * be what the others need.
 */
class StalledClientsTest {
  private static final String FILE = "/acme/open/resolve/main/model.bin";

  /** More than the system takes of a response for a client that does not read. */
  private static final DevFile CONTENT = DevFile.lfsGenerated(1, 12_000_000);

  /** All buffers of the pool are lent to fewer. */
  private static final int STALLED = 24;

  @TempDir Path data;

  @Test
  void others_load_as_if_they_were_not_there() throws Exception {
    List<Socket> stalled = new ArrayList<>();
    try (Rig rig = new Rig(data, Rig::withFewBuffers)) {
      rig.hub.repo("model", "acme/open").commit("Add it", Map.of("model.bin", CONTENT));
      assertThat(rig.get(FILE, Optional.empty()).status()).isEqualTo(200);
      for (int i = 0; i < STALLED; i++) {
        Socket socket = new Socket();
        stalled.add(socket);
        socket.setReceiveBufferSize(16 * 1024);
        socket.setSoTimeout(20_000);
        socket.connect(new InetSocketAddress("127.0.0.1", rig.app().uri().getPort()));
        socket
            .getOutputStream()
            .write(
                ("GET " + FILE + " HTTP/1.1\r\nHost: mirror\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).as("client %d is answered", i).isEqualTo('H');
      }
      for (int i = 0; i < 5; i++) {
        Rig.Answer answer = rig.get(FILE, Optional.empty());
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).hasSize(12_000_000);
      }
    } finally {
      for (Socket socket : stalled) {
        socket.close();
      }
    }
  }
}

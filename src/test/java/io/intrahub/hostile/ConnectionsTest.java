package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One user with many connections, each of them used again and again: aria2 with 16 for each of five
 * files has eighty. Raw sockets, so that a body where none may be would be taken for the next
 * answer.
 */
class ConnectionsTest {
  private static final int CONNECTIONS = 80;
  private static final int ROUNDS = 5;
  private static final String FILE = "/acme/open/resolve/main/model.bin";
  private static final DevFile CONTENT = DevFile.lfsGenerated(1, 300_000);

  @TempDir Path data;

  /** What one connection may be asked for, and how the answer ends. */
  private record Ask(String head, int status, int length) {
    static Ask of(String method, String target, String header, int status, int length) {
      String more = header.isEmpty() ? "" : header + "\r\n";
      String head = method + " " + target + " HTTP/1.1\r\nHost: mirror\r\n" + more + "\r\n";
      return new Ask(head, status, length);
    }
  }

  @Tag("slow")
  @Test
  void eighty_connections_of_one_user_are_kept_open_and_each_answer_ends_where_it_says()
      throws Exception {
    try (Rig rig = new Rig(data);
        ExecutorService users = Executors.newVirtualThreadPerTaskExecutor()) {
      rig.hub.repo("model", "acme/open").commit("Add it", Map.of("model.bin", CONTENT));
      Rig.Answer first = rig.get(FILE, Optional.empty());
      assertThat(first.body()).isEqualTo(CONTENT.allBytes());
      String etag = first.header("etag").orElseThrow();
      List<Ask> asks =
          List.of(
              Ask.of("HEAD", FILE, "", 200, 0),
              Ask.of("GET", FILE, "", 200, 300_000),
              Ask.of("GET", FILE, "Range: bytes=1000-1999", 206, 1000),
              Ask.of("GET", FILE, "If-None-Match: " + etag, 304, 0),
              Ask.of("OPTIONS", FILE, "Origin: http://page.example", 204, 0),
              Ask.of("HEAD", "/acme/open/resolve/main/none", "", 404, 0),
              Ask.of("GET", "/acme/open/blob/main/model.bin", "", 302, 0));

      // All are open before the first one asks.
      CyclicBarrier open = new CyclicBarrier(CONNECTIONS);
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        int turn = i;
        all.add(
            users.submit(() -> {
              use(rig.app().uri().getPort(), open, asks, turn);
              return null;
            }));
      }
      for (Future<?> each : all) {
        each.get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static void use(int port, CyclicBarrier open, List<Ask> asks, int turn) throws Exception {
    byte[] content = CONTENT.allBytes();
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(30_000);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      open.await(30, TimeUnit.SECONDS);
      for (int i = 0; i < ROUNDS * asks.size(); i++) {
        Ask ask = asks.get((turn + i) % asks.size());
        socket.getOutputStream().write(ask.head().getBytes(StandardCharsets.ISO_8859_1));
        String head = head(in);
        assertThat(head).startsWith("HTTP/1.1 " + ask.status());
        assertThat(head.toLowerCase(Locale.ROOT)).doesNotContain("connection: close");
        byte[] body = in.readNBytes(ask.length());
        if (ask.status() == 200 && ask.length() > 0) {
          assertThat(body).isEqualTo(content);
        } else if (ask.status() == 206) {
          assertThat(body).isEqualTo(Arrays.copyOfRange(content, 1000, 2000));
        }
      }
      assertThat(in.available()).as("bytes after the last answer").isZero();
    }
  }

  /** Status line and headers; an answer that begins with anything else has got out of step. */
  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("closed within the head: " + head);
      }
      head.append((char) b);
    }
    return head.toString();
  }
}

package io.intrahub.hostile;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The corpus of {@link WireCorpus}, sent to an nginx that has the mirror behind it. It passes on
 * all that it can, bodies as they arrive, and keeps one connection to the mirror: what one client
 * leaves there reaches the next.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class DesyncIT {
  private Rig rig;
  private Nginx nginx;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    Nginx.assumeAvailable();
    rig = new Rig(Files.createDirectory(folder.resolve("data")));
    WireProbe.prepare(rig);
    nginx =
        Nginx.start(
            Files.createDirectory(folder.resolve("nginx")),
            """
            upstream mirror {
              server 127.0.0.1:%d;
              keepalive 1;
            }
            server {
              listen 127.0.0.1:%%PORT%%;
              ignore_invalid_headers off;
              underscores_in_headers on;
              large_client_header_buffers 8 64k;
              location / {
                proxy_pass http://mirror;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_request_buffering off;
                proxy_buffering off;
              }
            }
            """
                .formatted(rig.app().uri().getPort()));
  }

  @AfterAll
  void stop() {
    if (nginx != null) {
      nginx.close();
    }
    if (rig != null) {
      rig.close();
    }
  }

  static Stream<WireRow> rows() {
    return WireCorpus.rows().stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void behind_a_proxy_no_request_changes_where_the_next_one_begins(WireRow row) throws Exception {
    new WireProbe(nginx.port()).check(row);
  }
}

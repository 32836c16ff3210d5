package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.BIG;
import static io.intrahub.hostile.PackedRig.BIG_FILE;
import static io.intrahub.hostile.PackedRig.FILE;
import static io.intrahub.hostile.PackedRig.INFO;
import static io.intrahub.hostile.PackedRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.faults.MirrorProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packed product, what its listeners accept, and what they say when something fails inside. */
@Timeout(120)
class PackedListenersIT {
  private static final String[] OF_LIBRARIES = {
    "Exception", "Error:", "java.", "jackson", "okhttp", "jetty", "direct buffer", "\tat "
  };

  @TempDir private Path tmp;
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Host: evil.example\r\n",
        "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n",
        "Host: 127.0.0.1\r\nOrigin: null\r\n"
      })
  void the_operators_listener_answers_no_page_of_another_site(String headers) throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of());
        RawClient page = new RawClient(mirror.adminUri().getPort(), "127.0.0.1")) {
      page.send("GET /status HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
      assertThat(page.head()).containsPattern("^HTTP/1.1 (403|421) ");
      assertThat(page.rest()).doesNotContain("uptimeSeconds");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "mirror.corp.example"})
  void the_operators_listener_answers_to_its_own_names(String host) throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_ADMIN_HOSTS", "mirror.corp.example"));
        RawClient operator = new RawClient(mirror.adminUri().getPort(), "127.0.0.1")) {
      operator.send("GET /status HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
      assertThat(operator.head()).startsWith("HTTP/1.1 200 ");
      assertThat(operator.rest()).contains("uptimeSeconds");
    }
  }

  @Test
  void no_text_of_a_library_reaches_a_client() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      rig.hub.faults().everywhere().garbageJson();
      for (String target : List.of(FILE, INFO, INFO + "/tree/main", "/api/models?search=x")) {
        assertThat(text(rig.get(mirror, target))).doesNotContain(OF_LIBRARIES);
      }
    }
  }

  /**
   * The JVM refuses the memory of the first large buffer with an {@link OutOfMemoryError} that says
   * how much of it there is. It does not end the process, because the heap is not full.
   */
  @Test
  void the_text_of_an_error_reaches_no_client_and_breaks_the_connection() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of())) {
      rig.store(mirror, BIG_FILE, BIG);
      mirror.stop();
    }
    try (MirrorProcess mirror = rig.mirror(Map.of(), List.of("-XX:MaxDirectMemorySize=400k"))) {
      for (int i = 0; i < 3; i++) {
        try (RawClient client = new RawClient(mirror.uri().getPort(), "127.0.0.2")) {
          assertThat(client.get(BIG_FILE).untilClosed()).isEmpty();
        }
      }
      await().until(() -> Files.readString(mirror.log()).contains("direct buffer memory"));
      assertThat(text(rig.get(mirror, INFO))).as("others are served").contains("acme/open");
    }
  }
}

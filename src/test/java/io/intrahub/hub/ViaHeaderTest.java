package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The mirrors that a request came through. */
class ViaHeaderTest {
  private static final String A = ViaHeader.name("0123456789abcdef");
  private static final String B = ViaHeader.name("fedcba9876543210");

  @Test
  void what_is_written_is_read() {
    assertThat(ViaHeader.mirrors(List.of(ViaHeader.value(List.of(A), B)))).containsExactly(A, B);
    assertThat(ViaHeader.mirrors(List.of("1.1 " + A, "1.0 nginx, 1.1 " + B))).containsExactly(A, B);
  }

  @Test
  void other_proxies_are_left_out() {
    assertThat(
            ViaHeader.mirrors(
                List.of("1.1 varnish (Varnish/7.1), 2 h2.example", "1.1 intrahub-x", "", ",,")))
        .isEmpty();
  }

  @Test
  void a_client_cannot_make_it_grow() {
    String forged = String.join(", ", Collections.nCopies(1_000, "1.1 " + A));
    assertThat(ViaHeader.mirrors(List.of(forged, "1.1 " + B))).hasSize(8).endsWith(B);
  }
}

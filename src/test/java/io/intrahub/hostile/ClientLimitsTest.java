package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.AddressRanges;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.http.ClientLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One client uses all that it may of the listener, and the others notice nothing. */
@Timeout(60)
class ClientLimitsTest {
  private static final String FILE = "/acme/open/resolve/main/here.txt";
  private static final String BIG = "/acme/open/resolve/main/big.bin";
  private static final String GREEDY = "127.0.0.2";
  private static final String OTHER = "127.0.0.3";
  private static final int FEW = 4;

  @TempDir Path data;
  private final List<RawClient> clients = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (RawClient client : clients) {
      client.close();
    }
  }

  private Rig rig(ClientLimits limits) throws Exception {
    Rig rig = new Rig(data, s -> s.withClients(limits));
    rig.hub
        .repo("model", "acme/open")
        .commit(
            "Add it",
            Map.of("here.txt", DevFile.text("here"), "big.bin", DevFile.lfsGenerated(3, 4 << 20)));
    return rig;
  }

  private RawClient client(Rig rig, String from) throws Exception {
    RawClient client = new RawClient(rig, from);
    clients.add(client);
    return client;
  }

  private static void assertServed(RawClient client) throws Exception {
    assertThat(client.get(FILE).head()).startsWith("HTTP/1.1 200 ");
    assertThat(client.body(4)).isEqualTo("here");
  }

  @Test
  void a_client_with_too_many_connections_is_told_which_limit_it_met() throws Exception {
    try (Rig rig = rig(new ClientLimits(100, FEW, 100, AddressRanges.NONE))) {
      for (int i = 0; i < FEW; i++) {
        assertServed(client(rig, GREEDY));
      }
      RawClient refused = client(rig, GREEDY).get(FILE);

      String head = refused.head();
      assertThat(head).startsWith("HTTP/1.1 429 ").contains("Retry-After: 2\r\n", "X-Request-Id: ");
      assertThat(head.lines().filter(l -> l.startsWith("X-Error-Message: ")).toList().getFirst())
          .contains(GREEDY, "4 connections", "clients.connections");
      assertThat(refused.rest()).startsWith("{\"error\":\"Your address ");

      assertServed(client(rig, OTHER));
      assertServed(clients.getFirst());
      clients.get(1).close();
      await()
          .ignoreExceptionsInstanceOf(IOException.class)
          .untilAsserted(() -> assertServed(client(rig, GREEDY)));
    }
  }

  @Test
  void all_clients_together_have_no_more_than_the_limit_of_the_listener() throws Exception {
    try (Rig rig = rig(new ClientLimits(2, 100, 100, AddressRanges.NONE))) {
      assertServed(client(rig, GREEDY));
      assertServed(client(rig, OTHER));
      RawClient refused = client(rig, OTHER).get(FILE);
      assertThat(refused.head())
          .startsWith("HTTP/1.1 503 ")
          .contains("server.connections", "Retry-After: 2\r\n")
          .contains("Cache-Status: intrahub; detail=busy\r\n");
      assertThat(refused.rest()).startsWith("{\"error\":");
      clients.getFirst().close();
      await()
          .ignoreExceptionsInstanceOf(IOException.class)
          .untilAsserted(() -> assertServed(client(rig, OTHER)));
    }
  }

  @Test
  void a_trusted_proxy_may_have_any_number_of_connections() throws Exception {
    AddressRanges proxy = AddressRanges.of(List.of("127.0.0.2"));
    try (Rig rig = rig(new ClientLimits(100, FEW, 100, proxy))) {
      for (int i = 0; i < 3 * FEW; i++) {
        assertServed(client(rig, GREEDY));
      }
    }
  }

  @Test
  @Tag("slow")
  void a_client_with_too_many_requests_in_flight_is_refused_and_another_is_served()
      throws Exception {
    try (Rig rig = rig(new ClientLimits(100, 100, FEW, AddressRanges.NONE))) {
      assertServed(client(rig, GREEDY));
      Stall stall = stallAll(rig, GREEDY, "");
      try {
        RawClient refused = client(rig, GREEDY).get(FILE);
        assertThat(refused.head())
            .startsWith("HTTP/1.1 429 ")
            .contains("Retry-After: 1\r\n", "clients.requests")
            .doesNotContain("Connection: close");
        assertServed(client(rig, OTHER));
        clients.get(1).close();
        await()
            .ignoreExceptionsInstanceOf(IOException.class)
            .untilAsserted(() -> assertServed(client(rig, GREEDY)));
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void one_token_of_many_addresses_is_one_client_and_so_is_one_address_with_many_tokens()
      throws Exception {
    try (Rig rig = rig(new ClientLimits(100, 100, FEW, AddressRanges.NONE))) {
      assertServed(client(rig, GREEDY));
      Stall stall = stallAll(rig, GREEDY, "Authorization: Bearer hf_one");
      try {
        assertThat(client(rig, OTHER).get(FILE, "Authorization: Bearer hf_one").head())
            .startsWith("HTTP/1.1 429 ");
        assertThat(client(rig, GREEDY).get(FILE, "Authorization: Bearer hf_two").head())
            .startsWith("HTTP/1.1 429 ");
        assertThat(client(rig, OTHER).get(FILE, "Authorization: Bearer hf_two").head())
            .startsWith("HTTP/1.1 200 ");
      } finally {
        stall.release();
      }
    }
  }

  @Test
  void behind_a_trusted_proxy_a_client_is_who_the_proxy_says() throws Exception {
    AddressRanges proxy = AddressRanges.of(List.of("127.0.0.2"));
    try (Rig rig = rig(new ClientLimits(100, 100, FEW, proxy))) {
      assertServed(client(rig, GREEDY));
      Stall stall = stallAll(rig, GREEDY, "X-Forwarded-For: 192.0.2.1");
      try {
        assertThat(client(rig, GREEDY).get(FILE, "X-Forwarded-For: 192.0.2.1").head())
            .startsWith("HTTP/1.1 429 ");
        assertThat(client(rig, GREEDY).get(FILE, "X-Forwarded-For: 192.0.2.1, 192.0.2.2").head())
            .startsWith("HTTP/1.1 200 ");
        // Who is no proxy may write there what it likes.
        assertThat(client(rig, OTHER).get(FILE, "X-Forwarded-For: 192.0.2.1").head())
            .startsWith("HTTP/1.1 200 ");
      } finally {
        stall.release();
      }
    }
  }

  /** As many requests as a client may have wait for upstream. */
  private Stall stallAll(Rig rig, String from, String header) throws Exception {
    // A client has its answer a moment before the mirror has finished its request.
    await().until(() -> rig.app().requestsInFlight() == 0);
    Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
    for (int i = 0; i < FEW; i++) {
      RawClient waiting = client(rig, from);
      if (header.isEmpty()) {
        waiting.get(BIG);
      } else {
        waiting.get(BIG, header);
      }
      assertThat(waiting.head()).startsWith("HTTP/1.1 200 ");
    }
    stall.awaitReached(1);
    return stall;
  }
}

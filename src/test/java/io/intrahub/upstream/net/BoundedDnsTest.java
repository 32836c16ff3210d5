package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Dns;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BoundedDnsTest {
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final Duration LONG = Duration.ofSeconds(20);

  private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
  private final CountDownLatch answers = new CountDownLatch(1);
  private final List<InetAddress> address = List.of(InetAddress.getLoopbackAddress());

  /** A name server that is silent until the test lets it answer. */
  private final Dns silent =
      host -> {
        asked.add(host);
        try {
          answers.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
        return address;
      };

  @AfterEach
  void letGo() {
    answers.countDown();
  }

  @Test
  void what_the_other_says_is_said() throws Exception {
    BoundedDns dns =
        new BoundedDns(
            host -> {
              if (host.equals("known.test")) {
                return address;
              }
              throw new UnknownHostException(host + ": Name or service not known");
            },
            LONG,
            2);
    assertThat(dns.lookup("known.test")).isEqualTo(address);
    assertThatThrownBy(() -> dns.lookup("other.test"))
        .isExactlyInstanceOf(UnknownHostException.class)
        .hasMessage("other.test: Name or service not known");
  }

  @Test
  void a_silent_name_server_is_waited_for_no_longer_than_the_limit() {
    BoundedDns dns = new BoundedDns(silent, SHORT, 1);
    assertThatThrownBy(() -> dns.lookup("hub.test"))
        .isInstanceOf(BoundedDns.NoAnswerException.class)
        .hasMessage("hub.test: no name server answered in time");
  }

  /** Else retries and queued calls would each wait as long again. */
  @Test
  void who_comes_while_an_overdue_look_up_goes_on_fails_at_once_and_causes_no_other()
      throws Exception {
    BoundedDns dns = new BoundedDns(silent, SHORT, 8);
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(() -> dns.lookup("hub.test")).isInstanceOf(UnknownHostException.class);
    }
    awaitAsked("hub.test");

    answers.countDown();
    awaitFound(dns, "hub.test");
  }

  @Test
  void the_last_answer_stands_in_for_one_that_does_not_come() throws Exception {
    AtomicBoolean isDown = new AtomicBoolean();
    BoundedDns dns = new BoundedDns(host -> isDown.get() ? silent.lookup(host) : address, SHORT, 8);
    awaitFound(dns, "hub.test");
    isDown.set(true);
    assertThat(dns.lookup("hub.test")).isEqualTo(address);
    awaitAsked("hub.test");
    assertThatThrownBy(() -> dns.lookup("other.test"))
        .isInstanceOf(BoundedDns.NoAnswerException.class);
  }

  @Test
  void those_who_look_up_the_same_name_share_one_look_up() throws Exception {
    BoundedDns dns = new BoundedDns(silent, LONG, 8);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch begun = new CountDownLatch(20);
      List<Future<List<InetAddress>>> found = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        found.add(
            threads.submit(() -> {
              begun.countDown();
              return dns.lookup("hub.test");
            }));
      }
      begun.await();
      await().until(() -> !asked.isEmpty());
      assertThat(found).noneMatch(Future::isDone);
      assertThat(asked).hasSize(1);
      answers.countDown();
      for (Future<List<InetAddress>> each : found) {
        assertThat(each.get()).isEqualTo(address);
      }
    }
  }

  @Test
  void a_silent_name_server_holds_so_many_threads_and_no_more() throws Exception {
    BoundedDns dns = new BoundedDns(silent, SHORT, 2);
    for (String host : List.of("one.test", "two.test")) {
      assertThatThrownBy(() -> dns.lookup(host)).isInstanceOf(BoundedDns.NoAnswerException.class);
    }
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> dns.lookup("three.test"))
          .isExactlyInstanceOf(UnknownHostException.class)
          .hasMessage("three.test: too many names are being looked up");
    }
    awaitAsked("one.test", "two.test");

    answers.countDown();
    awaitFound(dns, "three.test");
  }

  @Test
  void a_thread_that_is_interrupted_stays_so() {
    BoundedDns dns = new BoundedDns(silent, LONG, 1);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> dns.lookup("hub.test")).isInstanceOf(UnknownHostException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  /** A look-up may begin after the one who waits for it has given up. */
  private void awaitAsked(String... hosts) {
    await().untilAsserted(() -> assertThat(asked).containsExactlyInAnyOrder(hosts));
  }

  /** The threads of earlier look-ups end a moment after their answer is there. */
  private void awaitFound(BoundedDns dns, String host) {
    await()
        .ignoreExceptionsInstanceOf(UnknownHostException.class)
        .untilAsserted(() -> assertThat(dns.lookup(host)).isEqualTo(address));
  }
}

package io.intrahub.transfer.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.transfer.limits.ConnectionLimiter.Permit;
import io.intrahub.transfer.limits.ConnectionLimiter.Priority;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose turn it is when more large contents are wanted than may be in flight, or have a place. */
@Timeout(60)
class ConnectionLimiterTurnsTest {
  /** No bound to the contents. */
  private static final int MANY = 1000;

  private final LimiterQueue line = new LimiterQueue();

  @AfterEach
  void stop() {
    line.close();
  }

  @Test
  void only_so_many_large_contents_are_in_flight_and_each_has_its_turn() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(16, 16, 2);
    Object one = new Object();
    Object two = new Object();
    Permit first = connectionLimiter.acquire("hub", Priority.READER, one);
    Permit second = connectionLimiter.acquire("cdn", Priority.BACKGROUND, two);
    // Those that are in flight may have more connections, and small ones do not count.
    connectionLimiter.acquire("hub", Priority.READER, one).close();
    line.queue(connectionLimiter, "other", Priority.READER, "three");
    connectionLimiter.acquire("hub", Priority.SMALL, new Object()).close();
    assertThat(line.entered).isEmpty();
    assertThat(connectionLimiter.isContended("hub")).isTrue();

    second.close();

    Permit third = line.next().permit();
    // What gave its turn away is behind those that wait for theirs.
    line.queue(connectionLimiter, "cdn", Priority.READER, "two again");
    assertThat(connectionLimiter.waiting()).isEqualTo(1);
    third.close();
    assertThat(line.next().name()).isEqualTo("two again");
    first.close();
  }

  /** Connections that overlap would never give the turn away. */
  @Test
  void a_content_gets_no_further_connection_while_another_waits_for_its_turn() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(16, 16, 1);
    Object one = new Object();
    Permit first = connectionLimiter.acquire("hub", Priority.READER, one);
    line.queue(connectionLimiter, "hub", Priority.READER, new Object(), "another");
    line.queue(connectionLimiter, "hub", Priority.READER, one, "further");

    first.close();

    LimiterQueue.Entry next = line.next();
    assertThat(next.name()).isEqualTo("another");
    assertThat(connectionLimiter.waiting()).isEqualTo(1);
    next.permit().close();
    next = line.next();
    assertThat(next.name()).isEqualTo("further");
    next.permit().close();
    LimiterQueue.assertFree(connectionLimiter);
  }

  /** It would not get in if the turn were free. */
  @Test
  void who_waits_for_a_connection_too_holds_up_no_content_that_has_its_turn() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 16, 1);
    Object one = new Object();
    Permit first = connectionLimiter.acquire("hub", Priority.READER, one);
    line.queue(connectionLimiter, "hub", Priority.READER, new Object(), "another");
    connectionLimiter.acquire("cdn", Priority.READER, one).close();
    first.close();
    line.next().permit().close();
    LimiterQueue.assertFree(connectionLimiter);
  }

  @Test
  void it_is_contended_while_somebody_waits() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(1, 3, MANY);
    Permit held = connectionLimiter.acquire("hub", Priority.READER, new Object());
    assertThat(connectionLimiter.isContended("hub")).isFalse();

    line.queue(connectionLimiter, "hub", Priority.READER, "late");

    assertThat(connectionLimiter.isContended("hub")).isTrue();
    // There is room for more to another host: fewer connections there would help nobody.
    assertThat(connectionLimiter.isContended("cdn")).isFalse();
    held.close();
    Permit late = line.next().permit();
    assertThat(connectionLimiter.isContended("hub")).isFalse();
    late.close();
  }

  /** A connection to any host keeps out who waits for another. */
  @Test
  void it_is_contended_everywhere_when_all_are_taken() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(3, 3, MANY);
    LimiterQueue.fill(connectionLimiter, "hub", Priority.READER, 2);
    Permit other = connectionLimiter.acquire("cdn", Priority.READER, new Object());
    assertThat(connectionLimiter.isContended("hub")).isFalse();

    line.queue(connectionLimiter, "cdn", Priority.READER, "late");

    assertThat(connectionLimiter.isContended("hub")).isTrue();
    assertThat(connectionLimiter.isContended("cdn")).isTrue();
    other.close();
    line.next();
    assertThat(connectionLimiter.isContended("hub")).isFalse();
  }

  /** The quarter for small contents is free, and a large one waits for the others all the same. */
  @Test
  void it_is_contended_everywhere_when_the_places_for_large_contents_are_taken() throws Exception {
    ConnectionLimiter connectionLimiter = new ConnectionLimiter(8, 8, MANY);
    LimiterQueue.fill(connectionLimiter, "hub", Priority.READER, 6);

    line.queue(connectionLimiter, "cdn", Priority.READER, "late");

    assertThat(connectionLimiter.isContended("hub")).isTrue();
  }
}

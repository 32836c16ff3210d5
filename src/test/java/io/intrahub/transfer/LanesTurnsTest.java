package io.intrahub.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.transfer.Lanes.Place;
import io.intrahub.transfer.Lanes.Urgency;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose turn it is when more large contents are wanted than may be in flight, or have a place. */
@Timeout(60)
class LanesTurnsTest {
  /** No bound to the contents. */
  private static final int MANY = 1000;

  private final LanesLine line = new LanesLine();

  @AfterEach
  void stop() {
    line.close();
  }

  @Test
  void only_so_many_large_contents_are_in_flight_and_each_has_its_turn() throws Exception {
    Lanes lanes = new Lanes(16, 16, 2);
    Object one = new Object();
    Object two = new Object();
    Place first = lanes.enter("hub", Urgency.READER, one);
    Place second = lanes.enter("cdn", Urgency.BACKGROUND, two);
    // Those that are in flight may have more connections, and small ones do not count.
    lanes.enter("hub", Urgency.READER, one).close();
    line.queue(lanes, "other", Urgency.READER, "three");
    lanes.enter("hub", Urgency.SMALL, new Object()).close();
    assertThat(line.entered).isEmpty();
    assertThat(lanes.isContended("hub")).isTrue();

    second.close();

    Place third = line.next().place();
    // What gave its turn away is behind those that wait for theirs.
    line.queue(lanes, "cdn", Urgency.READER, "two again");
    assertThat(lanes.waiting()).isEqualTo(1);
    third.close();
    assertThat(line.next().name()).isEqualTo("two again");
    first.close();
  }

  /** Connections that overlap would never give the turn away. */
  @Test
  void a_content_gets_no_further_connection_while_another_waits_for_its_turn() throws Exception {
    Lanes lanes = new Lanes(16, 16, 1);
    Object one = new Object();
    Place first = lanes.enter("hub", Urgency.READER, one);
    line.queue(lanes, "hub", Urgency.READER, new Object(), "another");
    line.queue(lanes, "hub", Urgency.READER, one, "further");

    first.close();

    LanesLine.Entry next = line.next();
    assertThat(next.name()).isEqualTo("another");
    assertThat(lanes.waiting()).isEqualTo(1);
    next.place().close();
    next = line.next();
    assertThat(next.name()).isEqualTo("further");
    next.place().close();
    LanesLine.assertFree(lanes);
  }

  /** It would not get in if the turn were free. */
  @Test
  void who_waits_for_a_connection_too_holds_up_no_content_that_has_its_turn() throws Exception {
    Lanes lanes = new Lanes(1, 16, 1);
    Object one = new Object();
    Place first = lanes.enter("hub", Urgency.READER, one);
    line.queue(lanes, "hub", Urgency.READER, new Object(), "another");
    lanes.enter("cdn", Urgency.READER, one).close();
    first.close();
    line.next().place().close();
    LanesLine.assertFree(lanes);
  }

  @Test
  void it_is_contended_while_somebody_waits() throws Exception {
    Lanes lanes = new Lanes(1, 3, MANY);
    Place held = lanes.enter("hub", Urgency.READER, new Object());
    assertThat(lanes.isContended("hub")).isFalse();

    line.queue(lanes, "hub", Urgency.READER, "late");

    assertThat(lanes.isContended("hub")).isTrue();
    // There is room for more to another host: fewer connections there would help nobody.
    assertThat(lanes.isContended("cdn")).isFalse();
    held.close();
    Place late = line.next().place();
    assertThat(lanes.isContended("hub")).isFalse();
    late.close();
  }

  /** A connection to any host keeps out who waits for another. */
  @Test
  void it_is_contended_everywhere_when_all_are_taken() throws Exception {
    Lanes lanes = new Lanes(3, 3, MANY);
    LanesLine.fill(lanes, "hub", Urgency.READER, 2);
    Place other = lanes.enter("cdn", Urgency.READER, new Object());
    assertThat(lanes.isContended("hub")).isFalse();

    line.queue(lanes, "cdn", Urgency.READER, "late");

    assertThat(lanes.isContended("hub")).isTrue();
    assertThat(lanes.isContended("cdn")).isTrue();
    other.close();
    line.next();
    assertThat(lanes.isContended("hub")).isFalse();
  }

  /** The quarter for small contents is free, and a large one waits for the others all the same. */
  @Test
  void it_is_contended_everywhere_when_the_places_for_large_contents_are_taken() throws Exception {
    Lanes lanes = new Lanes(8, 8, MANY);
    LanesLine.fill(lanes, "hub", Urgency.READER, 6);

    line.queue(lanes, "cdn", Urgency.READER, "late");

    assertThat(lanes.isContended("hub")).isTrue();
  }
}

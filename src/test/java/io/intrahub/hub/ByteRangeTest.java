package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
  private static Optional<ByteRange.Span> span(String header, long size) {
    ByteRange.Parsed parsed = ByteRange.parse(header);
    assertThat(parsed).as(header).isInstanceOf(ByteRange.One.class);
    return ((ByteRange.One) parsed).range().within(size);
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-499, 0, 500",
    "bytes=500-999, 500, 500",
    "bytes=-500, 9500, 500",
    "bytes=9500-, 9500, 500",
    "bytes=0-0, 0, 1",
    "bytes=-1, 9999, 1",
    "bytes=9999-9999, 9999, 1",
    "bytes=0-99999, 0, 10000",
    "bytes=-99999, 0, 10000",
    "bytes=0-, 0, 10000",
    "BYTES=0-1, 0, 2",
    "'bytes= 1-2 ', 1, 2",
    "'bytes=1-2,', 1, 2",
    "'bytes=,, 1-2 ,', 1, 2",
    "bytes=00000000000000000000000000001-2, 1, 2",
  })
  void one_range_of_ten_thousand_bytes(String header, long offset, long length) {
    assertThat(span(header, 10_000)).contains(new ByteRange.Span(offset, length));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes=10000-",
        "bytes=10000-10001",
        "bytes=-0",
        "bytes=9223372036854775807-",
        "bytes=99999999999999999999-",
        "bytes=99999999999999999998-99999999999999999999",
      })
  void no_byte_is_meant_beyond_the_end(String header) {
    assertThat(span(header, 10_000)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=0-1,3-4", "bytes=0-0,-1", "items=0-5", "x-y=1", "bytes=1-2, 4-5,"})
  void several_ranges_and_other_units_are_answered_with_everything(String header) {
    assertThat(ByteRange.parse(header)).isInstanceOf(ByteRange.Ignored.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "bytes",
        "bytes 0-1",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=2-1",
        "bytes=--1",
        "bytes=1--2",
        "bytes=+1-2",
        "bytes=1-2-3",
        "bytes=1 - 2",
        "bytes=0x1-2",
        "bytes=1-2;3",
        "bytes=1-2,x",
        "bytes=١-٢",
        "0-1"
      })
  void a_broken_range_is_told_from_a_whole_file(String header) {
    assertThat(ByteRange.parse(header)).isInstanceOf(ByteRange.Malformed.class);
  }

  @Test
  void huge_contents_do_not_overflow() {
    long huge = Long.MAX_VALUE;
    assertThat(span("bytes=0-", huge)).contains(new ByteRange.Span(0, huge));
    assertThat(span("bytes=1-9223372036854775807", huge)).contains(new ByteRange.Span(1, huge - 1));
    assertThat(span("bytes=0-9223372036854775807", huge)).contains(new ByteRange.Span(0, huge));
    assertThat(span("bytes=-9223372036854775807", huge)).contains(new ByteRange.Span(0, huge));
    assertThat(span("bytes=-99999999999999999999", 5)).contains(new ByteRange.Span(0, 5));
    assertThat(span("bytes=5000000000-5000000000", 5_000_000_001L))
        .contains(new ByteRange.Span(5_000_000_000L, 1));
  }

  /** Every range of small numbers against marking the bytes one by one. */
  @Test
  void small_ranges_mean_what_counting_says() {
    for (int size = 0; size <= 6; size++) {
      for (int first = -1; first <= 8; first++) {
        for (int last = -1; last <= 8; last++) {
          String header = "bytes=" + (first < 0 ? "" : first) + "-" + (last < 0 ? "" : last);
          if (first < 0 && last < 0 || first >= 0 && last >= 0 && last < first) {
            assertThat(ByteRange.parse(header)).isInstanceOf(ByteRange.Malformed.class);
            continue;
          }
          BitSet expected = count(first, last, size);
          BitSet actual = new BitSet();
          span(header, size).ifPresent(s -> actual.set((int) s.offset(), (int) s.end()));
          assertThat(actual).as("%s of %d", header, size).isEqualTo(expected);
          assertThat(span(header, size).isPresent()).isEqualTo(!expected.isEmpty());
        }
      }
    }
  }

  private static BitSet count(int first, int last, int size) {
    BitSet bytes = new BitSet();
    for (int i = 0; i < size; i++) {
      boolean suffix = first < 0;
      bytes.set(i, suffix ? i >= size - last : i >= first && (last < 0 || i <= last));
    }
    return bytes;
  }
}

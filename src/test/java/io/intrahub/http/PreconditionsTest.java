package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.ByteRange.Span;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of RFC 9110 sections 13 and 14, for a file of 1,000 bytes with the tag "abc". */
class PreconditionsTest {
  private static final String ETAG = "\"abc\"";

  private static Selection select(String ifNoneMatch, String ifRange, String range, long size) {
    return new Preconditions(
            Optional.ofNullable(ifNoneMatch),
            Optional.ofNullable(ifRange),
            Optional.ofNullable(range))
        .select(ETAG, size, false);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        // If-None-Match, and whether the answer is 304.
        "\"abc\" | true",
        "* | true",
        "W/\"abc\" | true",
        "\"x\", \"abc\" | true",
        "\"x\",W/\"abc\" , \"y\" | true",
        "\"x\" | false",
        "W/\"x\" | false",
        "abc | false",
        "\"ABC\" | false",
        "\"abcd\" | false",
        "'' | false",
        "\"*\" | false",
      })
  void a_client_that_has_the_file_is_told_so(String ifNoneMatch, boolean notModified) {
    assertThat(select(ifNoneMatch, null, null, 1_000) instanceof Selection.NotModified)
        .isEqualTo(notModified);
    assertThat(select(ifNoneMatch, null, "bytes=0-1", 1_000) instanceof Selection.NotModified)
        .as("before the range is looked at")
        .isEqualTo(notModified);
    assertThat(select(ifNoneMatch, null, "bytes=x", 1_000) instanceof Selection.NotModified)
        .as("even before its syntax is")
        .isEqualTo(notModified);
  }

  @ParameterizedTest
  @CsvSource({
    // Range, offset, length, whether the client then has the end of the file.
    "bytes=0-0, 0, 1, false",
    "bytes=0-499, 0, 500, false",
    "bytes=500-999, 500, 500, false",
    "bytes=500-, 500, 500, true",
    "bytes=999-, 999, 1, true",
    "bytes=0-, 0, 1000, true",
    "bytes=0-999, 0, 1000, true",
    "bytes=0-99999, 0, 1000, true",
    "bytes=990-99999, 990, 10, false",
    "bytes=-10, 990, 10, false",
    "bytes=-1000, 0, 1000, true",
    "bytes=-99999, 0, 1000, true",
    "Bytes = 1-2, 1, 2, false",
    "bytes=0-99999999999999999999, 0, 1000, true",
  })
  void one_range_is_answered_with_its_part(String range, long offset, long length, boolean ends) {
    assertThat(select(null, null, range, 1_000))
        .isEqualTo(
            new Selection.Bytes(
                206,
                new Span(offset, length),
                ends,
                Optional.of("bytes " + offset + "-" + (offset + length - 1) + "/1000")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"bytes=0-1,5-6", "bytes=0-1, -5", "lines=1-2", "items=x"})
  void several_ranges_and_other_units_are_answered_with_the_whole(String range) {
    assertThat(select(null, null, range, 1_000)).isEqualTo(Selection.Bytes.whole(1_000));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"bytes=1000-", "bytes=1000-1001", "bytes=-0"})
  void a_range_without_a_byte_of_the_file_is_not_satisfiable(String range) {
    assertThat(select(null, null, range, 1_000))
        .isEqualTo(new Selection.Unsatisfiable("bytes */1000"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"bytes=", "bytes=a-b", "bytes=5-4", "bytes=-", "bytes 1"})
  void a_range_with_broken_syntax_is_refused(String range) {
    assertThat(select(null, null, range, 1_000)).isEqualTo(new Selection.MalformedRange());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        // If-Range, and whether the range counts.
        "\"abc\" | true",
        "W/\"abc\" | false",
        "\"x\" | false",
        "* | false",
        "Tue, 15 Nov 1994 12:45:26 GMT | false",
      })
  void a_range_counts_only_with_the_files_own_strong_tag(String ifRange, boolean counts) {
    Selection selected = select(null, ifRange, "bytes=5-6", 1_000);
    assertThat(selected)
        .isEqualTo(
            counts
                ? new Selection.Bytes(206, new Span(5, 2), false, Optional.of("bytes 5-6/1000"))
                : Selection.Bytes.whole(1_000));
  }

  @Test
  void without_any_header_the_whole_file_is_the_answer() {
    assertThat(select(null, null, null, 1_000)).isEqualTo(Selection.Bytes.whole(1_000));
    assertThat(select(null, ETAG, null, 1_000)).isEqualTo(Selection.Bytes.whole(1_000));
    assertThat(select(null, null, null, 0)).isEqualTo(Selection.Bytes.whole(0));
  }

  @ParameterizedTest
  @CsvSource({"bytes=0-0", "bytes=0-", "bytes=5-", "bytes=-5"})
  void a_probe_of_an_empty_file_is_answered_with_its_size(String range) {
    assertThat(select(null, null, range, 0))
        .isEqualTo(new Selection.Bytes(200, Span.all(0), true, Optional.of("bytes */0")));
  }

  @ParameterizedTest
  @CsvSource({
    // Range, status.
    "bytes=1-, 200",
    "bytes=999-, 200",
    "bytes=0-, 206",
    "bytes=1-5, 206",
    "bytes=-5, 206",
  })
  void a_client_that_must_start_over_does_not_get_the_rest_of_a_file(String range, int status) {
    Selection selected =
        new Preconditions(Optional.empty(), Optional.empty(), Optional.of(range))
            .select(ETAG, 1_000, true);
    assertThat(selected)
        .isInstanceOfSatisfying(
            Selection.Bytes.class, bytes -> assertThat(bytes.status()).isEqualTo(status));
    if (status == 200) {
      assertThat(selected).isEqualTo(Selection.Bytes.whole(1_000));
    }
  }
}

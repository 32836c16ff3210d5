package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.command.Amounts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** What a person reads of a mirror. */
class StatusTableTest {
  private static String shown(String json) {
    return String.join("\n", StatusTable.lines(JsonMapper.shared().readTree(json)));
  }

  @Test
  void columns_are_aligned_and_what_nobody_knows_is_a_hyphen() {
    String shown =
        shown(
            """
            {"version":"1.2.3","uptimeSeconds":7500,"upstream":"reachable",
             "store":{"blobs":345,"bytes":5368709120,"counted":true,"writers":1,"reserved":0,
                      "partials":2,"partialBytes":1073741824,
                      "limit":10737418240,"free":107374182400},
             "connections":{"taken":5,"waiting":2},"passThrough":1,
             "quotas":[
               {"identity":"anonymous","quota":"api","left":489,"limit":500,
                "resetsInSeconds":271},
               {"identity":"token","quota":"resolvers","left":0,"limit":5000,
                "resetsInSeconds":9}],
             "transfers":[
               {"source":"cdn.hub model acme/x@12345678/m.bin","state":"fetching",
                "size":3221225472,"there":1073741824,"bytesPerSecond":12582912,"readers":12,
                "connections":4,"etaSeconds":171},
               {"source":"hub model a/b@87654321/c","state":"idle","size":2000000,
                "there":1999999,"bytesPerSecond":0,"readers":0,"connections":0,
                "etaSeconds":null}]}
            """);

    assertThat(shown)
        .isEqualTo(
            """
            intrahub 1.2.3, up 2 h 5 min
            upstream     reachable
            store        6.0 GiB used of 10.0 GiB, 100 GiB free, 345 files, 3 in parts
            connections  5, 2 waiting
            passed on    1, not kept
            calls left   489 of 500 (api, anonymous), new window in 4 min 31 s
            calls left   0 of 5000 (resolvers, token), new window in 9 s
            transfers    2

            STATE     DONE       OF        RATE  READERS  CONNECTIONS        LEFT  SOURCE
            fetching  33 %  3.0 GiB  12.0 MiB/s       12            4  2 min 51 s  cdn.hub model acme/x@12345678/m.bin
            idle      99 %  1.9 MiB       0 B/s        0            0           -  hub model a/b@87654321/c\
            """);
  }

  @Test
  void a_mirror_with_nothing_to_do_says_so() {
    assertThat(
            shown(
                """
                {"version":"1.2.3","uptimeSeconds":5,"upstream":"offline",
                 "store":{"bytes":0,"counted":false,"limit":null,"free":null},"transfers":[]}
                """))
        .isEqualTo(
            """
            intrahub 1.2.3, up 5 s
            upstream     offline
            store        0 B used, no limit, 0 files, 0 in parts (still counting)
            connections  0, 0 waiting
            passed on    0, not kept
            transfers    none\
            """);
  }

  @Test
  void repos_that_the_hub_no_longer_serves_are_named_with_what_it_said() {
    String shown =
        shown(
            """
            {"removedReposCount":2000,"removedRepos":[
              {"repo":"model acme/x","state":"missing","wasPublic":true,
               "since":"2026-06-01T10:00:00Z","hubSaid":"Repository not found"}]}
            """);
    assertThat(shown)
        .contains(
            """
            removed      2000 repos at the Hub:
                         model acme/x, missing since 2026-06-01T10:00:00Z: Repository not found
            """);
  }

  @Test
  void a_seed_that_does_not_answer_is_named() {
    String shown =
        shown(
            """
            {"seeds":[{"path":"/mnt/a","state":"ok"},{"path":"/mnt/b","state":"hanging"}]}
            """);
    assertThat(shown).contains("seed         /mnt/b does not answer").doesNotContain("/mnt/a");
  }

  @ParameterizedTest
  @CsvSource({
    "0,0 B",
    "1023,1023 B",
    "1024,1.0 KiB",
    "102399,99.9 KiB",
    "102400,100 KiB",
    "1048576,1.0 MiB",
    "9223372036854775807,8192 PiB"
  })
  void sizes_have_units(long bytes, String shown) {
    assertThat(Amounts.size(bytes)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({
    "59,59 s",
    "60,1 min 0 s",
    "3599,59 min 59 s",
    "3600,1 h 0 min",
    "86399,23 h 59 min",
    "90000,1 d 1 h"
  })
  void times_have_units(long seconds, String shown) {
    assertThat(Amounts.time(seconds)).isEqualTo(shown);
  }
}

package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes into headers and what is read from them. */
class HeadersTest {
  private static HubError error(String message) {
    return new HubError(400, Optional.empty(), message, Optional.empty());
  }

  @Test
  void a_message_is_one_line_of_visible_ascii() {
    assertThat(error("a\r\nX-Evil: 1\tb\0c\u007fé\u202e\ud83d\ude00").message())
        .isEqualTo("a??X-Evil: 1?b?c?????");
    assertThat(error("plain \"text\" ~!").message()).isEqualTo("plain \"text\" ~!");
    assertThat(error("x".repeat(10_000)).message()).hasSize(500);
    assertThat(error("").message()).isEmpty();
  }

  @Test
  void no_message_can_break_out_of_its_header() {
    Random random = new Random(5);
    for (int round = 0; round < 5_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(600); i > 0; i--) {
        text.append((char) random.nextInt(random.nextBoolean() ? 0x100 : 0x10000));
      }
      assertThat(error(text.toString()).message()).matches("[ -~]{0,500}");
    }
  }

  @Test
  void what_a_client_sent_is_cleaned_where_it_is_echoed() {
    assertThat(HubError.revisionNotFound(new Revision("é")).message())
        .isEqualTo("Invalid rev id: ?");
    assertThat(HubError.folderNotFound(new FilePath("ü/x"), new Revision("main")).message())
        .isEqualTo("?/x does not exist on \"main\"");
  }

  /** huggingface_hub 2.4.0 chooses its exception by these. */
  @Test
  void each_refusal_has_the_hubs_code() {
    assertThat(HubError.repoNotFound(true).status()).isEqualTo(401);
    assertThat(HubError.repoNotFound(false).status()).isEqualTo(404);
    assertThat(HubError.repoNotFound(true).code()).contains("RepoNotFound");
    assertThat(HubError.entryNotFound().code()).contains("EntryNotFound");
    assertThat(HubError.revisionNotFound(Revision.DEFAULT).code()).contains("RevisionNotFound");
    assertThat(HubError.badToken().code()).isEmpty();
    assertThat(HubError.readOnly().code()).isEmpty();
  }

  /** A client takes a 404 for certain and remembers it. */
  @Test
  void no_failure_of_upstream_looks_like_an_absence() {
    assertThat(OutageErrors.upstreamUnreachable("x", "y", false).status()).isEqualTo(504);
    assertThat(OutageErrors.badUpstream("x", "y", Optional.empty(), false).status()).isEqualTo(503);
    assertThat(OutageErrors.offline("x").status()).isEqualTo(501);
    assertThat(OutageErrors.upstreamUnreachable("x", "y", false).retryAfterSeconds()).contains(0);
    assertThat(OutageErrors.offline("x").retryAfterSeconds()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<https://h/a?b=1&cursor=x>; rel=\"next\" | https://h/a?b=1&cursor=x",
        "<https://h/a>; rel=next | https://h/a",
        "<https://h/a,b;c>;rel=\"next\" | https://h/a,b;c",
        "<https://h/p>; rel=\"prev\", <https://h/n>; rel=\"next\" | https://h/n",
        "<https://h/n>; rel=\"next\", <https://h/p>; rel=\"prev\" | https://h/n",
        "<https://h/n>; title=\"t\"; rel=\"next\" | https://h/n",
        "</relative>; rel=\"next\" | /relative",
      })
  void the_next_page_is_found(String header, String url) {
    assertThat(LinkHeader.next(header)).contains(url);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "<https://h/a>",
        "<https://h/a>; rel=\"prev\"",
        "<https://h/t>; rel=\"xet-auth\", <https://h/r>; rel=\"xet-reconstruction-info\"",
        "https://h/a; rel=\"next\"",
        "<https://h/a; rel=\"next\"",
      })
  void no_next_page_is_made_up(String header) {
    assertThat(LinkHeader.next(header)).isEmpty();
  }

  @Test
  void a_next_page_is_written_as_it_is_read() {
    String header = LinkHeader.ofNext("http://mirror/api/x?cursor=a%3D");
    assertThat(header).isEqualTo("<http://mirror/api/x?cursor=a%3D>; rel=\"next\"");
    assertThat(LinkHeader.next(header)).contains("http://mirror/api/x?cursor=a%3D");
  }
}

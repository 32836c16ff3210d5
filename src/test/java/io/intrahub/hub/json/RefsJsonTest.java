package io.intrahub.hub.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.CommitHash;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is shown of a list of refs. */
class RefsJsonTest {
  private static final String A = "a".repeat(40);
  private static final String B = "b".repeat(40);
  private static final RefsJson.View ALL = (ref, listed) -> Optional.of(listed);
  private static final String LIST =
      "{'branches':[{'name':'main','ref':'refs/heads/main','targetCommit':'%s'},".formatted(A)
          + "{'x':{'y':[1.10,null]},'name':'dev','ref':'refs/heads/dev','targetCommit':'%s'}],"
              .formatted(A)
          + "'converts':[],'tags':[],'more':{'z':true}}";

  private static String copy(String list, RefsJson.View view, Map<String, CommitHash> added)
      throws IOException, MalformedJsonException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] json = list.replace('\'', '"').getBytes(UTF_8);
    RefsJson.copy(new ByteArrayInputStream(json), out, view, added);
    return out.toString(UTF_8).replace('"', '\'');
  }

  @Test
  void a_list_of_which_all_is_shown_stays_as_it_is() throws Exception {
    assertThat(copy(LIST, ALL, Map.of())).isEqualTo(LIST);
    assertThat(copy("[{'a':1.10}]", ALL, Map.of())).isEqualTo("[{'a':1.10}]");
  }

  @Test
  void another_commit_can_be_shown() throws Exception {
    RefsJson.View other =
        (ref, listed) -> Optional.of(ref.equals("refs/heads/dev") ? new CommitHash(B) : listed);
    assertThat(copy(LIST, other, Map.of()))
        .isEqualTo(
            LIST.replace(
                "'refs/heads/dev','targetCommit':'" + A, "'refs/heads/dev','targetCommit':'" + B));
  }

  @Test
  void a_ref_can_be_left_out() throws Exception {
    RefsJson.View none = (ref, listed) -> Optional.empty();
    assertThat(copy(LIST, none, Map.of()))
        .isEqualTo("{'branches':[],'converts':[],'tags':[],'more':{'z':true}}");
    RefsJson.View main =
        (ref, listed) -> Optional.of(listed).filter(_ -> ref.equals("refs/heads/main"));
    assertThat(copy(LIST, main, Map.of())).contains("refs/heads/main").doesNotContain("dev");
  }

  @Test
  void refs_are_added_to_those_of_their_kind() throws Exception {
    CommitHash commit = new CommitHash(B);
    Map<String, CommitHash> added =
        Map.of("refs/heads/new", commit, "refs/tags/v1", commit, "refs/pr/1", commit);
    assertThat(copy(LIST, ALL, added))
        .contains("'dev','ref':'refs/heads/dev','targetCommit':'" + A + "'},{'name':'new','ref':")
        .contains("'tags':[{'name':'v1','ref':'refs/tags/v1','targetCommit':'" + B + "'}]")
        .doesNotContain("refs/pr/1");
  }

  @Test
  void the_names_of_a_list_can_be_read() throws Exception {
    byte[] json = LIST.replace('\'', '"').getBytes(UTF_8);
    assertThat(RefsJson.names(new ByteArrayInputStream(json)))
        .containsExactlyInAnyOrder("refs/heads/main", "refs/heads/dev");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "{'branches':[", "{'branches':[{'ref':'refs/heads/x'", "{'a':1", "{]"})
  void what_ends_too_early_or_is_no_json_is_refused(String list) {
    assertThatThrownBy(() -> copy(list, ALL, Map.of())).isInstanceOf(MalformedJsonException.class);
  }
}

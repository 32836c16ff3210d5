package io.intrahub.hub.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoFacts;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Repo info, error bodies and the bodies of paths-info calls. */
class SmallJsonTest {
  private static final String SHA = "aaaaaaaa0123456789abcdef0123456789abcdef";

  private static RepoFacts info(String json) throws MalformedJsonException {
    return RepoInfoJson.read(json.replace('\'', '"').getBytes(UTF_8));
  }

  private record Asked(List<String> paths, boolean expand) {}

  private static Asked asked(String json) throws IOException, MalformedJsonException {
    List<String> paths = new ArrayList<>();
    byte[] body = json.replace('\'', '"').getBytes(UTF_8);
    boolean expand = PathsInfoJson.read(new ByteArrayInputStream(body), paths::add);
    return new Asked(paths, expand);
  }

  @Test
  void repo_info_says_id_commit_and_whether_it_is_open() throws MalformedJsonException {
    assertThat(info("{'_id':'x','id':'a/b','sha':'" + SHA + "','private':false,'gated':false}"))
        .isEqualTo(
            new RepoFacts(
                "a/b",
                Optional.of("x"),
                Optional.of(new CommitHash(SHA)),
                RepoFacts.Told.NO,
                RepoFacts.Told.NO));
    assertThat(info("{'gated':false,'tags':['t'],'private':false,'id':'b','_id':'5f'}"))
        .isEqualTo(
            new RepoFacts(
                "b", Optional.of("5f"), Optional.empty(), RepoFacts.Told.NO, RepoFacts.Told.NO));
  }

  /** When in doubt, closed: an answer that says nothing of privacy does not open a repo. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'id':'a/b'}",
        "{'id':'a/b','private':false}",
        "{'id':'a/b','gated':false}",
        "{'id':'a/b','private':true,'gated':false}",
        "{'id':'a/b','private':false,'gated':'auto'}",
        "{'id':'a/b','private':false,'gated':'manual'}",
        "{'id':'a/b','private':false,'gated':'false'}",
        "{'id':'a/b','private':null,'gated':false}",
        "{'id':'a/b','private':0,'gated':false}",
        "{'id':'a/b','private':false,'x':{'gated':false}}",
        "{'id':'a/b','private':false,'sha':{'gated':false}}",
        "{'id':'a/b','private':{'private':false,'gated':false},'gated':'auto'}",
        "{'id':'a/b','x':[{'private':false,'gated':false}]}",
      })
  void a_repo_that_does_not_say_so_is_not_open(String json) throws MalformedJsonException {
    assertThat(info(json).openToAll()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{}",
        "{'id':''}",
        "{'id':7}",
        "{'id':null}",
        "{'id':'a'",
        "{'id':'a',",
        "{'id':'a','id':'b'}",
        "{'id':'a','private':false,'private':true}",
        "<html>"
      })
  void what_is_no_repo_info_is_refused(String json) {
    assertThatThrownBy(() -> info(json)).isInstanceOf(MalformedJsonException.class);
  }

  @ParameterizedTest
  @CsvSource({"abc", "''", "AAAAAAAA0123456789abcdef0123456789abcdef"})
  void a_sha_that_is_none_is_no_commit(String sha) throws MalformedJsonException {
    assertThat(info("{'id':'a','sha':'" + sha + "'}").commit()).isEmpty();
  }

  @Test
  void an_error_body_is_written_and_read() {
    String message = "no \"x\" on é/\n";
    byte[] body = ErrorJson.write(message);
    assertThat(new String(body, UTF_8)).isEqualTo("{\"error\":\"no \\\"x\\\" on é/\\n\"}");
    assertThat(ErrorJson.message(new String(body, UTF_8))).contains(message);
    assertThat(ErrorJson.message("{\"a\":{\"error\":\"inner\"},\"error\":\"outer\"}"))
        .contains("outer");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Entry not found",
        "[\"error\"]",
        "{\"error\":7}",
        "{\"error\":{\"x\":1}}",
        "{\"x\":1}",
        "<!DOCTYPE html><html>",
        "\"error\"",
        "{\"error\"",
        "{\"a\":{\"error\":\"inner\"}}"
      })
  void a_body_of_another_form_has_no_message(String body) {
    assertThat(ErrorJson.message(body)).isEmpty();
  }

  @Test
  void a_paths_info_body_is_read_in_every_form() throws Exception {
    assertThat(asked("{'paths':['b','a/c','b'],'expand':true}"))
        .isEqualTo(new Asked(List.of("b", "a/c", "b"), true));
    assertThat(asked("{'expand':false,'x':{'paths':['no']},'paths':[]}"))
        .isEqualTo(new Asked(List.of(), false));
    assertThat(asked("{'paths':'one'}").paths()).containsExactly("one");
    assertThat(asked("{'paths':null,'expand':'true'}")).isEqualTo(new Asked(List.of(), false));
    assertThat(asked("{}").paths()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "'a'",
        "{'paths':[1]}",
        "{'paths':[['a']]}",
        "{'paths':['a'",
        "{'paths':['a']",
        "{'paths':['a'],'paths':['b']}",
        "paths=a"
      })
  void what_is_no_paths_info_body_is_refused(String json) {
    assertThatThrownBy(() -> asked(json)).isInstanceOf(MalformedJsonException.class);
  }
}

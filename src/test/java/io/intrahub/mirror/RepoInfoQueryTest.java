package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Questions for repo info: which of them are the same, and which are known at all. */
class RepoInfoQueryTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | ''",
        "& | ''",
        "blobs=true | blobs=true",
        "blobs=True | blobs=true",
        "blobs=1 | blobs=true",
        "blobs=TRUE&blobs=1 | blobs=true",
        "blobs=false | ''",
        "blobs=0&securityStatus=False | ''",
        "securityStatus=true&blobs=true | blobs=true&securityStatus=true",
        "expand=sha&expand=gated | expand=gated&expand=sha",
        "expand[]=sha&expand[0]=gated&expand[999]=sha | expand=gated&expand=sha",
        "expand%5B%5D=sha | expand=sha",
        "expand=pipeline_tag&expand=model-index | expand=model-index&expand=pipeline_tag",
        "expand%5b12%5D=s%68a | expand=sha",
      })
  void every_spelling_of_a_question_is_one(String raw, String canonical) {
    RepoInfoQuery query = RepoInfoQuery.parse(raw).orElseThrow();
    assertThat(query.canonical()).isEqualTo(canonical);
    assertThat(query.answerName()).isEqualTo(canonical.isEmpty() ? "info" : "info?" + canonical);
    assertThat(query.isPartial()).isEqualTo(canonical.contains("expand"));
    assertThat(RepoInfoQuery.parse(query.canonical()).orElseThrow().canonical())
        .isEqualTo(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "blobs",
        "blobs=",
        "blobs=yes",
        "blobs=true&blobs=false",
        "Blobs=true",
        "x=1",
        "expand=",
        "expand=hf_secret",
        "expand=SHA",
        "expand=a%26b",
        "expand=sha,gated",
        "expand[x]=sha",
        "expand[0][1]=sha",
        "expand[00000]=sha",
        "expands=sha",
        "blobs=%zz",
      })
  void what_is_not_known_is_no_question_to_keep_an_answer_for(String raw) {
    assertThat(RepoInfoQuery.parse(raw)).isEmpty();
  }

  @Test
  void a_query_without_end_is_not_known() {
    assertThat(RepoInfoQuery.parse("expand=sha&".repeat(1_000))).isEmpty();
  }
}

package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.FilePath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GitAttributesTest {
  private static boolean isLfs(String text, String path) {
    return GitAttributes.parse(text).orElseThrow().isLfs(new FilePath(path), () -> {});
  }

  /** Expected results are those of {@code git check-attr filter}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          *.bin                | model.bin        | true
          *.bin                | a/b/model.bin    | true
          *.bin                | model.bin.json   | false
          *.bin.*              | model.bin.json   | true
          a/*.bin              | a/x.bin          | true
          a/*.bin              | a/b/x.bin        | false
          a/*.bin              | b/a/x.bin        | false
          /x.bin               | x.bin            | true
          /x.bin               | a/x.bin          | false
          saved/**/*           | saved/x          | true
          saved/**/*           | saved/a/b/x      | true
          saved/**             | saved/a/x        | true
          saved/**             | saved            | false
          **/x.bin             | x.bin            | true
          **/x.bin             | a/b/x.bin        | true
          a/**/b/**/c          | a/b/x/b/y/c      | true
          a/**/b/**/c          | a/x/c            | false
          *tfevents*           | logs/x.tfevents1 | true
          model-[0-3]?.bin     | model-2x.bin     | true
          model-[0-3]?.bin     | model-4x.bin     | false
          [!a-c].bin           | d.bin            | true
          [^a-c].bin           | b.bin            | false
          []x].bin             | ].bin            | true
          a[[:space:]]b.bin    | a b.bin          | true
          a\\*.bin             | a*.bin           | true
          a\\*.bin             | ab.bin           | false
          {a,b}.bin            | a.bin            | false
          a**c                 | abbc             | true
          a[b                  | a[b              | false
          """)
  void a_pattern_means_what_it_means_to_git(String pattern, String path, boolean lfs) {
    assertThat(isLfs(pattern + " filter=lfs diff=lfs merge=lfs -text", path)).isEqualTo(lfs);
  }

  @Test
  void the_last_rule_that_matches_counts() {
    String rules = "*.bin filter=lfs\n# no rule\na/* -filter\n*.json text\na/x.bin filter=lfs\n";
    assertThat(isLfs(rules, "x.bin")).isTrue();
    assertThat(isLfs(rules, "a/y.bin")).isFalse();
    assertThat(isLfs(rules, "a/x.bin")).isTrue();
    assertThat(isLfs(rules, "x.json")).isFalse();
  }

  /** Such a file comes with a folder that anybody may have made. */
  @Test
  @Timeout(60)
  void no_pattern_takes_long() {
    String name = "a".repeat(200);
    String path = (name + "/").repeat(4) + name;
    assertThat(isLfs("*a".repeat(100) + "b filter=lfs", path)).isFalse();
    assertThat(isLfs("**/*a".repeat(4) + "*a".repeat(90) + "b filter=lfs", path)).isFalse();
  }

  @Test
  void the_comparison_can_be_ended_at_each_rule() {
    GitAttributes attributes = GitAttributes.parse("*.a filter=lfs\n*.b filter=lfs").orElseThrow();
    int[] rules = new int[1];
    Runnable end =
        () -> {
          if (++rules[0] == 2) {
            throw new IllegalStateException("ended");
          }
        };
    assertThatThrownBy(() -> attributes.isLfs(new FilePath("x"), end)).hasMessage("ended");
  }

  @Test
  void a_file_with_more_rules_than_people_write_is_not_used() {
    assertThat(GitAttributes.parse("*.a filter=lfs\n".repeat(10_000))).isPresent();
    assertThat(GitAttributes.parse("*.a filter=lfs\n".repeat(10_001))).isEmpty();
  }
}

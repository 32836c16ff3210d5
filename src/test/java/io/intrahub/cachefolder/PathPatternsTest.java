package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.FilePath;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathPatternsTest {
  /** Expected results are those of Python's {@code fnmatch}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          *.safetensors           | model.safetensors       | true
          *.safetensors           | onnx/model.safetensors  | true
          *.safetensors           | model.safetensors.index | false
          onnx/                   | onnx/a/b.json           | true
          onnx/                   | onnx.json               | false
          config.json             | config.json             | true
          config.json             | configxjson             | false
          config.json             | Config.json             | false
          a?c                     | abc                     | true
          a?c                     | ac                      | false
          model-0000[1-3].bin     | model-00002.bin         | true
          model-0000[1-3].bin     | model-00004.bin         | false
          model-0000[!1-3].bin    | model-00004.bin         | true
          model-0000[!1-3].bin    | model-00002.bin         | false
          a[]]b                   | a]b                     | true
          a[b                     | a[b                     | true
          a[^b]c                  | a^c                     | true
          a[^b]c                  | axc                     | false
          a[&&b]c                 | a&c                     | true
          a[c-a]b                 | abb                     | false
          (a+)+$                  | (a+)+$                  | true
          """)
  void a_pattern_means_what_it_means_to_the_client(String pattern, String path, boolean matches) {
    PathPatterns patterns = PathPatterns.of(List.of(pattern), List.of());

    assertThat(patterns.matches(new FilePath(path))).isEqualTo(matches);
  }

  @Test
  void what_is_excluded_is_not_wanted_even_if_it_is_included() {
    PathPatterns patterns = PathPatterns.of(List.of("*.json", "*.bin"), List.of("onnx/*"));

    assertThat(patterns.matches(new FilePath("config.json"))).isTrue();
    assertThat(patterns.matches(new FilePath("onnx/config.json"))).isFalse();
    assertThat(patterns.matches(new FilePath("README.md"))).isFalse();
    assertThat(PathPatterns.ALL.matches(new FilePath("README.md"))).isTrue();
  }
}

package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetTest {
  private static final String SHA = "0123456789abcdef0123456789abcdef01234567";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /acme/x/resolve/main/a/b.txt | RESOLVE | MODEL | acme/x | main | a/b.txt
          /gpt2/resolve/main/a | RESOLVE | MODEL | gpt2 | main | a
          /datasets/acme/x/resolve/main/a | RESOLVE | DATASET | acme/x | main | a
          /datasets/squad/resolve/main/a | RESOLVE | DATASET | squad | main | a
          /spaces/acme/x/resolve/a%2Fb/c%2Fd | RESOLVE | SPACE | acme/x | a/b | c/d
          /acme/x/resolve/refs/pr/1/a | RESOLVE | MODEL | acme/x | refs/pr/1 | a
          /acme/x/resolve/refs%2Fpr%2F1/a | RESOLVE | MODEL | acme/x | refs/pr/1 | a
          /acme/resolve/resolve/main/resolve/a | RESOLVE | MODEL | acme/resolve | main | resolve/a
          /acme/x/raw/main/a | RAW | MODEL | acme/x | main | a
          /acme/x/resolve/main/ | UNKNOWN | MODEL | '' | '' | ''
          /acme/x | UNKNOWN | MODEL | '' | '' | ''
          / | FRONT_PAGE | MODEL | '' | '' | ''
          /api/resolve-cache/models/acme/x/SHA/a%2Fb | RESOLVE_CACHE | MODEL | acme/x | SHA | a/b
          /api/resolve-cache/datasets/x/SHA/a/b | RESOLVE_CACHE | DATASET | x | SHA | a/b
          /acme/x.git/info/lfs/objects/batch | LFS_BATCH | MODEL | acme/x | '' | ''
          /datasets/x.git/info/lfs/objects/batch | LFS_BATCH | DATASET | x | '' | ''
          /acme/x/info/lfs/objects/batch | UNKNOWN | MODEL | '' | '' | ''
          /api/resolve-cache/models/acme/x/main/a | UNKNOWN | MODEL | '' | '' | ''
          /api/models/acme/x | REPO_INFO | MODEL | acme/x | '' | ''
          /api/models/gpt2 | REPO_INFO | MODEL | gpt2 | '' | ''
          /api/models/acme/x/revision/a%2Fb | REPO_INFO | MODEL | acme/x | a/b | ''
          /api/models/acme/x/revision/refs/pr/2 | REPO_INFO | MODEL | acme/x | refs/pr/2 | ''
          /api/datasets/squad/revision/main | REPO_INFO | DATASET | squad | main | ''
          /api/models/acme/x/tree/main | TREE | MODEL | acme/x | main | ''
          /api/models/acme/x/tree/main/a%2Fb | TREE | MODEL | acme/x | main | a/b
          /api/models/acme/x/tree/main/a/b | TREE | MODEL | acme/x | main | a/b
          /api/models/acme/tree/tree/main | TREE | MODEL | acme/tree | main | ''
          /api/models/gpt2/tree/main/a | TREE | MODEL | gpt2 | main | a
          /api/models/acme/x/paths-info/main | PATHS_INFO | MODEL | acme/x | main | ''
          /api/models/acme/x/refs | REFS | MODEL | acme/x | '' | ''
          /api/models/acme/x/commits/main | COMMITS | MODEL | acme/x | main | ''
          /api/models/acme/x/auth-check | AUTH_CHECK | MODEL | acme/x | '' | ''
          /api/models/acme/x/xet-read-token/SHA | XET_TOKEN | MODEL | acme/x | SHA | ''
          /api/whoami-v2 | WHOAMI | MODEL | '' | '' | ''
          /api/agent-harnesses | AGENT_HARNESSES | MODEL | '' | '' | ''
          /api/telemetry/a/b | TELEMETRY | MODEL | '' | '' | ''
          /api/models | OTHER_API | MODEL | '' | '' | ''
          /api/spaces/acme/x/discussions | OTHER_API | SPACE | acme/x | '' | ''
          /api/spaces/templates | OTHER_API | SPACE | '' | '' | templates
          /api/spaces/zero-gpu/quota | OTHER_API | SPACE | '' | '' | zero-gpu/quota
          /api/spaces/acme/templates | REPO_INFO | SPACE | acme/templates | '' | ''
          /papers/2401.1.md | PAPER_TEXT | MODEL | '' | '' | 2401.1.md
          /papers/2401.1 | UNKNOWN | MODEL | '' | '' | ''
          /api/models/acme/x/nonsense | UNKNOWN | MODEL | '' | '' | ''
          /api/nonsense | UNKNOWN | MODEL | '' | '' | ''
          """)
  void a_raw_path_is_parsed(
      String raw, Route route, DevRepoType type, String id, String revision, String path) {
    Target target = Target.parse(raw.replace("SHA", SHA));
    assertThat(target.route()).isEqualTo(route);
    assertThat(target.type()).isEqualTo(type);
    assertThat(target.id()).isEqualTo(id);
    assertThat(target.revision()).isEqualTo(revision.replace("SHA", SHA));
    assertThat(target.path()).isEqualTo(path);
  }

  @ParameterizedTest
  @CsvSource({
    "/acme/x/resolve/main/a%2Fb, /, /resolve/main/a%2Fb",
    "/datasets/x/resolve/main/a, /datasets/, /resolve/main/a",
    "/api/models/acme/x/tree/a%2Fb, /api/models/, /tree/a%2Fb"
  })
  void what_stands_around_the_id_is_kept_raw(String raw, String before, String after) {
    Target target = Target.parse(raw);
    assertThat(target.before()).isEqualTo(before);
    assertThat(target.after()).isEqualTo(after);
  }
}

package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
  private static final String SHA256 =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  private static final String GIT = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

  private static String hash(Digest digest, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(digest.newHash(bytes.length).digest(bytes));
  }

  /** FIPS 180-4 examples. */
  @ParameterizedTest
  @CsvSource({
    "abc, ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "'', e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  })
  void a_sha256_is_that_of_the_bytes(String content, String hex) {
    assertThat(hash(new Digest.Sha256(SHA256), content)).isEqualTo(hex);
  }

  /** As {@code git hash-object} says. */
  @ParameterizedTest
  @CsvSource({
    "'', e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "'hello world\n', 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "'test content\n', d670460b4b4aece5915caf5c68d12f560a9fe3e4",
  })
  void a_git_blob_id_covers_the_length(String content, String hex) {
    assertThat(hash(new Digest.GitSha1(GIT), content)).isEqualTo(hex);
  }

  @Test
  void the_etag_is_strong_and_quoted() {
    assertThat(new Digest.GitSha1(GIT).etag()).isEqualTo('"' + GIT + '"');
    assertThat(new Digest.Sha256(SHA256).etag()).isEqualTo('"' + SHA256 + '"');
  }

  @Test
  void an_etag_names_its_digest_quoted_weak_or_bare() {
    for (String form : new String[] {"%s", "\"%s\"", "W/\"%s\"", "W/%s"}) {
      assertThat(Digest.ofEtag(form.formatted(GIT))).contains(new Digest.GitSha1(GIT));
      assertThat(Digest.ofEtag(form.formatted(SHA256))).contains(new Digest.Sha256(SHA256));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\"",
        "\"\"",
        "W/",
        "W/\"\"",
        "abc",
        "\"d41d8cd98f00b204e9800998ecf8427e\"",
        "\"d41d8cd98f00b204e9800998ecf8427e-38\"",
        "\"E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391\"",
        "\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391-gzip\"",
        "\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c539g"
      })
  void a_cdns_own_etag_is_no_digest(String etag) {
    assertThat(Digest.ofEtag(etag)).isEmpty();
  }

  @Test
  void another_length_is_no_digest() {
    assertThatThrownBy(() -> new Digest.Sha256(GIT)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Digest.GitSha1(SHA256))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BlobId(new Digest.GitSha1(GIT), -1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

package io.intrahub.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.access.local.LocalToken;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What looks for tokens after all other tests finds one wherever it is planted. */
class TokenSearchTest {
  private static final String TOKEN = "hf_planted";

  @TempDir Path tmp;

  @Test
  void it_knows_tokens_of_the_hub_and_of_the_mirror() {
    String local = LocalToken.newText(new Random(1));
    assertThat(TokenSearch.in("Bearer " + TOKEN + ", no")).hasValue(TOKEN);
    assertThat(TokenSearch.in("token=" + local)).hasValue(local);
    assertThat(TokenSearch.in("/" + TOKEN + "/x")).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unknown/None; hf_hub/0.36.2; python/3.12",
        "from huggingface_hub import hf_hub_download",
        "/api/telemetry/hf_hub",
        "HF_HUB_ENABLE_HF_TRANSFER hf_transfer hf_xet",
        "local tokens begin with hf_intrahub",
        "shf_planted"
      })
  void it_takes_no_name_of_a_library_for_a_token(String text) {
    assertThat(TokenSearch.in(text)).isEmpty();
  }

  @Test
  void it_finds_one_in_a_file_in_its_name_and_in_what_is_compressed() throws IOException {
    Files.writeString(Files.createDirectory(tmp.resolve("a")).resolve("text"), "x " + TOKEN);
    Files.createDirectory(tmp.resolve("of-" + TOKEN));
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(tmp.resolve("audit.log.1.gz")))) {
      out.write(TOKEN.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(TokenSearch.inFolder(tmp)).hasSize(3).allMatch(line -> line.contains(TOKEN));
    assertThatThrownBy(() -> TokenSearch.expectNoneInFolder(tmp)).hasMessageContaining(TOKEN);
    assertThat(TokenSearch.inFolder(tmp.resolve("missing"))).isEmpty();

    TokenSearch.expectNoneInLogs(tmp.resolve("mirror.log"));
    assertThatThrownBy(() -> TokenSearch.expectNoneInLogs(tmp.resolve("audit.log")))
        .hasMessageContaining(TOKEN);
  }

  @Test
  void it_finds_one_in_a_line_of_the_mirror_that_the_level_leaves_out() {
    LoggerFactory.getLogger("io.intrahub.Planted").trace("asks with {}", TOKEN);
    LoggerFactory.getLogger("io.intrahub.Planted")
        .debug("failed", new IllegalStateException("cause", new IOException(TOKEN)));
    assertThat(TokenLogFilter.ofProcess().drain()).hasSize(2);
  }

  @Test
  void a_class_that_logged_one_fails() {
    LoggerFactory.getLogger("io.intrahub.Planted").trace(TOKEN);
    assertThatThrownBy(() -> new NoTokensInLog().check()).hasMessageContaining(TOKEN);
    assertThat(TokenLogFilter.ofProcess().drain()).isEmpty();
  }

  @Test
  void closing_a_mirror_that_stored_one_fails() throws IOException {
    MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve("data"));
    Files.writeString(mirror.data().resolve("planted"), TOKEN);
    assertThatThrownBy(mirror::close).hasMessageContaining(TOKEN);
  }
}

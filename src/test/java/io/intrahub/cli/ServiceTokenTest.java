package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.access.AccessToken;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mirror's own token, in a file that may change. */
class ServiceTokenTest {
  @TempDir Path folder;
  private final SettableClock clock = new SettableClock();

  private Path write(String text) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), text);
    return Files.move(next, folder.resolve("token"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static Optional<String> text(ServiceToken token) {
    return token.get().map(AccessToken::asAuthorization);
  }

  @Test
  void a_new_content_is_used_within_a_second() throws Exception {
    ServiceToken token = ServiceToken.read(write("hf_one\n"), clock);
    assertThat(text(token)).contains("Bearer hf_one");

    write("hf_two");
    clock.pass(Duration.ofMillis(999));
    assertThat(text(token)).contains("Bearer hf_one");
    clock.pass(Duration.ofMillis(1));
    assertThat(text(token)).contains("Bearer hf_two");
  }

  @Test
  void a_link_that_leads_elsewhere_is_followed() throws Exception {
    Path one = Files.writeString(folder.resolve("one"), "hf_one");
    Path two = Files.writeString(folder.resolve("two"), "hf_two");
    Path link = Files.createSymbolicLink(folder.resolve("token"), one);
    ServiceToken token = ServiceToken.read(link, clock);

    Files.move(
        Files.createSymbolicLink(folder.resolve("next"), two),
        link,
        StandardCopyOption.ATOMIC_MOVE);
    clock.pass(Duration.ofSeconds(1));

    assertThat(text(token)).contains("Bearer hf_two");
  }

  @Test
  void without_a_usable_file_there_is_no_token_until_it_is_back() throws Exception {
    Path file = write("hf_one");
    ServiceToken token = ServiceToken.read(file, clock);

    for (String broken : new String[] {"", " \n", "two words", "x".repeat(5000)}) {
      write(broken);
      clock.pass(Duration.ofSeconds(1));
      assertThat(text(token)).isEmpty();
    }
    Files.delete(file);
    clock.pass(Duration.ofSeconds(1));
    assertThat(text(token)).isEmpty();
    write("hf_two");
    clock.pass(Duration.ofSeconds(1));
    assertThat(text(token)).contains("Bearer hf_two");
  }

  @Test
  void a_start_without_a_token_is_refused_and_the_token_is_not_shown() throws Exception {
    Path missing = folder.resolve("missing");

    assertThatThrownBy(() -> ServiceToken.read(missing, clock))
        .isInstanceOf(StartException.class)
        .hasMessage("access.service-token-file: " + missing + " does not exist");
    assertThatThrownBy(() -> ServiceToken.read(folder, clock)).hasMessageContaining("is a folder");
    Path two = write("hf_s3cret hf_other");
    assertThatThrownBy(() -> ServiceToken.read(two, clock))
        .hasMessage(
            "access.service-token-file: " + two + " must contain one token and nothing else");
  }
}

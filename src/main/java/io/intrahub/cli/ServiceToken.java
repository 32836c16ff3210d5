package io.intrahub.cli;

import io.intrahub.access.AccessToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mirror's own token, from a file. At most once a second, a call looks whether the file has
 * changed and reads it again. While the file can't be used there is no token, so that an operator
 * who removes it stops its use. The token reaches neither a log nor a message.
 *
 * <p>Safe for use by many threads.
 */
final class ServiceToken implements Supplier<Optional<AccessToken>> {
  private static final Logger log = LoggerFactory.getLogger(ServiceToken.class);
  private static final long LOOK_MILLIS = 1_000;

  /** Longer than any token; a larger file was named by mistake. */
  private static final int MAX_BYTES = 4096;

  private final Path file;
  private final Clock clock;

  /** True while a thread looks at the file. No other thread waits for it. */
  private final AtomicBoolean looking = new AtomicBoolean();

  /** When the file was last looked at, in milliseconds. Written by the thread that looks. */
  private volatile long looked;

  /** What the last look found. Replaced as a whole by the thread that looks. */
  private volatile State state;

  /** What tells one content of the file from another. */
  private record Stamp(FileTime modified, long size, @Nullable Object identity) {}

  /**
   * What a look found.
   *
   * @param stamp of the file; empty to read it again at the next look
   * @param token empty if there is a problem
   * @param problem why there is no token; otherwise empty
   */
  private record State(Optional<Stamp> stamp, Optional<AccessToken> token, String problem) {}

  private ServiceToken(Path file, Clock clock, State first) {
    this.file = file;
    this.clock = clock;
    this.looked = clock.millis();
    this.state = first;
  }

  /**
   * Reads the file for the first time.
   *
   * @throws StartException if there is no token in it; the message says what is wrong
   */
  static ServiceToken read(Path file, Clock clock) throws StartException {
    State first = look(file, new State(Optional.empty(), Optional.empty(), ""));
    if (first.token.isEmpty()) {
      throw new StartException("access.service-token-file: " + first.problem);
    }
    return new ServiceToken(file, clock, first);
  }

  /** Returns the present token; empty while the file can't be used. */
  @Override
  public Optional<AccessToken> get() {
    // The clock may have been set back.
    if (Math.abs(clock.millis() - looked) >= LOOK_MILLIS && looking.compareAndSet(false, true)) {
      try {
        looked = clock.millis();
        State before = state;
        state = look(file, before);
        tell(before, state);
      } finally {
        looking.set(false);
      }
    }
    return state.token;
  }

  private static void tell(State before, State now) {
    if (now.token.isEmpty() && !now.problem.equals(before.problem)) {
      log.error(
          "The mirror has no token of its own any more, so it can't ask the Hub about private and"
              + " gated repos: {}",
          now.problem);
    } else if (now.token.isPresent() && !now.equals(before)) {
      log.info("The mirror's own token was read again");
    }
  }

  private static State look(Path file, State before) {
    try {
      // Before the content: if the file is replaced in between, the next look sees it.
      Optional<Stamp> stamp = Optional.of(stamp(file));
      return stamp.equals(before.stamp) ? before : parse(file, stamp, content(file));
    } catch (NoSuchFileException e) {
      return problem(file + " does not exist");
    } catch (AccessDeniedException e) {
      return problem("the user who runs intrahub may not read " + file);
    } catch (IOException e) {
      String why = Files.isDirectory(file) ? " is a folder" : " can't be read: " + e.getMessage();
      return problem(file + why);
    }
  }

  private static State problem(String problem) {
    return new State(Optional.empty(), Optional.empty(), problem);
  }

  private static Stamp stamp(Path file) throws IOException {
    // Follows links, which Kubernetes changes to replace a secret.
    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
    return new Stamp(now.lastModifiedTime(), now.size(), now.fileKey());
  }

  private static String content(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8).strip();
    }
  }

  private static State parse(Path file, Optional<Stamp> stamp, String text) {
    Optional<AccessToken> token = AccessToken.of(text);
    String problem = "";
    if (text.isEmpty()) {
      problem = file + " is empty; it must contain the token";
    } else if (token.isEmpty()) {
      problem = file + " must contain one token and nothing else";
    }
    return new State(stamp, token, problem);
  }
}

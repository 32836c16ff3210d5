package io.intrahub.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the user's token where the Hub's Python client does (huggingface_hub 2.4.0, {@code
 * get_token}): in {@code HF_TOKEN}, or in the file that {@code hf auth login} writes.
 */
public final class HubToken {
  private static final int MAX_FILE = 4096;

  private HubToken() {}

  /**
   * Finds it.
   *
   * @param environment the variables of the process
   * @param home the user's home folder
   * @return empty if there is none
   * @throws CommandException if it can't be read or sent; the message does not contain it
   */
  public static Optional<String> find(Map<String, String> environment, Path home)
      throws CommandException {
    if (isTrue(environment.getOrDefault("HF_HUB_DISABLE_IMPLICIT_TOKEN", ""))) {
      return Optional.empty();
    }
    for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
      Optional<String> token = clean(environment.getOrDefault(name, ""), name);
      if (token.isPresent()) {
        return token;
      }
    }
    Path file = file(environment, home);
    try (InputStream in = Files.newInputStream(file)) {
      return clean(new String(in.readNBytes(MAX_FILE), StandardCharsets.UTF_8), "The file " + file);
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.IO_ERROR,
          "The token can't be read from "
              + file
              + ". Make the file readable, or set HF_TOKEN, or HF_HUB_DISABLE_IMPLICIT_TOKEN=1 to"
              + " send none.",
          e);
    }
  }

  /**
   * The same, with the home folder of the user who runs this process.
   *
   * @throws CommandException as {@link #find(Map, Path)}
   */
  public static Optional<String> find(Map<String, String> environment) throws CommandException {
    return find(environment, Path.of(System.getProperty("user.home", ".")));
  }

  private static Path file(Map<String, String> environment, Path home) throws CommandException {
    Optional<Path> named = path(environment, "HF_TOKEN_PATH", home);
    if (named.isPresent()) {
      return named.get();
    }
    Optional<Path> hub = path(environment, "HF_HOME", home);
    Optional<Path> caches = path(environment, "XDG_CACHE_HOME", home);
    return hub.orElseGet(() -> caches.orElse(home.resolve(".cache")).resolve("huggingface"))
        .resolve("token");
  }

  private static Optional<Path> path(Map<String, String> environment, String name, Path home)
      throws CommandException {
    String value = environment.getOrDefault(name, "");
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          value.equals("~") || value.startsWith("~/")
              ? home.resolve(value.substring(Math.min(2, value.length())))
              : Path.of(value));
    } catch (InvalidPathException e) {
      throw new CommandException(ExitCode.CONFIG, name + " is not a path.", e);
    }
  }

  private static boolean isTrue(String value) {
    return value.equals("1") || value.matches("(?i)true|yes|on");
  }

  /** An HTTP client that refuses a header prints its value, so a bad one must not get there. */
  private static Optional<String> clean(String text, String source) throws CommandException {
    String token = text.strip();
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new CommandException(
          ExitCode.CONFIG,
          source + " holds no token: it has a character that no token of the Hub has.");
    }
    return token.isEmpty() ? Optional.empty() : Optional.of(token);
  }
}

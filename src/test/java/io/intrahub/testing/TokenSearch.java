package io.intrahub.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/**
 * Finds the text of tokens where none belongs. It knows them by their form, as the Hub's secret
 * scanners do, so that it also finds a token that no test thought of. The tokens of all tests have
 * this form, except those of tests about malformed headers.
 */
public final class TokenSearch {
  /** The Hub's prefix, but not the names of its libraries nor the mere prefix of local tokens. */
  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<![A-Za-z0-9])hf_(?!(?:hub|xet|transfer|intrahub)(?![A-Za-z0-9]))[A-Za-z0-9]{3,}");

  /** What is searched of each file: what the mirror writes about a request is in small files. */
  private static final int FILE_BYTES = 64 << 10;

  /** Logs grow while they are written, and what the mirror says about a token is anywhere in it. */
  private static final int LOG_BYTES = 64 << 20;

  private TokenSearch() {}

  /** Returns the first token in a text. */
  public static Optional<String> in(CharSequence text) {
    Matcher matcher = TOKEN.matcher(text);
    return matcher.find() ? Optional.of(matcher.group()) : Optional.empty();
  }

  /**
   * Searches the names and the contents of all files below a folder. Of a large file it reads the
   * beginning. The content of blobs is left out: it is the Hub's, as its digest shows, and random
   * bytes look like a token now and then.
   *
   * @param folder may be missing
   * @return where a token is, one line for each file
   */
  public static List<String> inFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        in(folder.relativize(file).toString())
            .ifPresent(token -> found.add(token + " in the name of " + file));
        if (Files.isRegularFile(file) && !isBlob(folder.relativize(file))) {
          in(content(file, FILE_BYTES)).ifPresent(token -> found.add(token + " in " + file));
        }
      }
    } catch (UncheckedIOException e) {
      // A test took the right to read a folder, or it is being deleted: the rest was searched.
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  /** Published, or growing; what is noted of a growing one is in a file whose name says so. */
  private static boolean isBlob(Path file) {
    List<String> names =
        StreamSupport.stream(file.spliterator(), false).map(Path::toString).toList();
    return names.contains("blobs")
        || (names.contains("partial") && !names.getLast().contains("pieces"));
  }

  /**
   * Searches a whole log, and the older ones beside it into which it was rotated. Fails the test
   * that wrote it if there is a token in it.
   *
   * @param log may be missing
   */
  public static void expectNoneInLogs(Path log) {
    String stem = log.getFileName().toString().replaceFirst("\\..*", "");
    try (Stream<Path> siblings = Files.list(log.toAbsolutePath().getParent())) {
      for (Path file : (Iterable<Path>) siblings::iterator) {
        if (file.getFileName().toString().startsWith(stem) && Files.isRegularFile(file)) {
          in(content(file, LOG_BYTES))
              .ifPresent(token -> {
                throw new AssertionError("The token " + token + " is in the log " + file);
              });
        }
      }
    } catch (IOException e) {
      // A test took the right to read the folder, or it is being deleted.
      return;
    }
  }

  /** Fails the test if a file below the folder has a token in it. The folder may be missing. */
  public static void expectNoneInFolder(Path folder) {
    List<String> found = inFolder(folder);
    if (!found.isEmpty()) {
      throw new AssertionError("Tokens are in files: " + found);
    }
  }

  private static String content(Path file, int limit) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(limit);
      return new String(
          file.toString().endsWith(".gz") ? unzipped(bytes) : bytes, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      // It was moved or removed meanwhile, or a test took the right to read it.
      return "";
    }
  }

  private static byte[] unzipped(byte[] bytes) throws IOException {
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readNBytes(LOG_BYTES);
    }
  }
}

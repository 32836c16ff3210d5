package io.intrahub.hub;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Random valid names of the Hub, the nasty ones often. The same for the same seed. */
final class HubGenerator {
  private static final List<String> SIGN_POSTS =
      List.of(
          "resolve", "raw", "blob", "tree", "revision", "refs", "paths-info", "commits", "main");
  private static final List<String> REVISIONS =
      List.of(
          "main",
          "HEAD",
          "refs/pr/1",
          "refs/convert/parquet",
          "a/b",
          "resolve",
          "refs",
          "tree",
          "revision",
          "refs/pr",
          "v1.0+é",
          "a%2Fb",
          "aaaaaaaa");
  private static final List<String> NAMES =
      List.of(
          "config.json",
          "sub dir",
          "f#1 é.txt",
          "a+b",
          "a%2Fb",
          "%2e%2e",
          "...",
          ".git",
          "~x",
          "a;v=1",
          "?q=1",
          "名前.bin",
          "\uD83D\uDE00",
          "e\u0301",
          "a:b",
          "\"q\"",
          " ",
          "aaaaaaaa0123456789abcdef0123456789abcdef");

  private final Random random;

  HubGenerator(long seed) {
    this.random = new Random(seed);
  }

  <T> T oneOf(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  boolean sometimes() {
    return random.nextInt(3) == 0;
  }

  RepoType type() {
    return oneOf(List.of(RepoType.values()));
  }

  private String part() {
    if (sometimes()) {
      return oneOf(SIGN_POSTS);
    }
    String word = word("abzAZ09_", 1 + random.nextInt(4));
    return sometimes() ? word + oneOf(List.of(".", "-", "_", "-.", ".-")) + "x" : word;
  }

  private String word(String alphabet, int length) {
    StringBuilder word = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      word.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return word.toString();
  }

  RepoId repo() {
    while (true) {
      String id = sometimes() ? part() : part() + "/" + (sometimes() ? commit().hex() : part());
      Optional<RepoId> repo = RepoId.parse(type(), id);
      if (repo.isPresent()) {
        return repo.get();
      }
    }
  }

  CommitHash commit() {
    return new CommitHash(word("0123456789abcdef", 40));
  }

  Revision revision() {
    return switch (random.nextInt(3)) {
      case 0 -> commit().asRevision();
      case 1 -> new Revision(oneOf(REVISIONS));
      default -> new Revision(part() + (sometimes() ? "/" + part() : ""));
    };
  }

  private String name() {
    return switch (random.nextInt(4)) {
      case 0 -> oneOf(SIGN_POSTS);
      case 1 -> commit().hex();
      case 2 -> oneOf(NAMES);
      default -> word("ab%+ é~&=,;@'()[]{}|^`<>#?\"", 1 + random.nextInt(8));
    };
  }

  FilePath path() {
    return new FilePath(
        IntStream.rangeClosed(0, random.nextInt(4))
            .mapToObj(i -> name())
            .collect(Collectors.joining("/")));
  }

  /** Every kind of target of a repo. */
  HubTarget target() {
    return switch (random.nextInt(12)) {
      case 0, 1 -> new HubTarget.ResolveFile(repo(), revision(), path());
      case 2 -> new HubTarget.ResolveCacheFile(repo(), commit(), path());
      case 3 -> new HubTarget.RawFile(repo(), revision(), path());
      case 4 -> new HubTarget.BlobPage(repo(), revision(), path());
      case 5 -> new HubTarget.RepoInfo(repo(), sometimes() ? Optional.empty() : some(revision()));
      case 6 ->
          new HubTarget.Tree(repo(), revision(), sometimes() ? Optional.empty() : some(path()));
      case 7 -> new HubTarget.PathsInfo(repo(), revision());
      case 8 -> new HubTarget.Refs(repo());
      case 9 -> new HubTarget.XetToken(repo());
      case 10 -> new HubTarget.PaperText(name());
      default -> new HubTarget.RepoResource(repo(), "commits/%6Dain");
    };
  }

  private static <T> Optional<T> some(T value) {
    return Optional.of(value);
  }

  /** Text that looks like a request and often is none. */
  String mutated() {
    StringBuilder text = new StringBuilder(target().format());
    for (int i = random.nextInt(6); i > 0; i--) {
      int at = random.nextInt(text.length() + 1);
      switch (random.nextInt(6)) {
        case 0 -> text.insert(at, oneOf(ATTACKS));
        case 1 -> text.insert(at, (char) random.nextInt(0x180));
        case 2 -> text.insert(at, (char) random.nextInt(0x10000));
        case 3 -> text.insert(at, "%" + HexFormat.of().toHexDigits((byte) random.nextInt(256)));
        case 4 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(4)));
        default -> text.insert(at, "/" + oneOf(SIGN_POSTS));
      }
    }
    return text.toString();
  }

  private static final List<String> ATTACKS =
      List.of(
          "/../",
          "/./",
          "/%2e%2e/",
          "..%2F",
          "%2F..%2F",
          "%5C..%5C",
          "%00",
          "%0d%0a",
          "\\",
          "//",
          "%2F",
          "%c0%ae",
          "%u002e",
          "%252e%252e",
          "~",
          "%E2%80%AE",
          ".",
          "..",
          "%2E");

  /** Any bytes at all, as a server reads them into a text. */
  String noise() {
    byte[] bytes = new byte[random.nextInt(40)];
    random.nextBytes(bytes);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    return sometimes() ? text : "/" + text;
  }
}

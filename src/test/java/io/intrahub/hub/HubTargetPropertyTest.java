package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.intrahub.base.PercentCoding;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every target and for every text. A failure names its seed and its round. */
class HubTargetPropertyTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void what_is_written_is_read_back(long seed) {
    HubGenerator generator = new HubGenerator(seed);
    for (int round = 0; round < 20_000; round++) {
      HubTarget target = generator.target();
      String text = target.format();
      assertThat(HubTargetParser.parse(text))
          .as("seed %d, round %d: %s", seed, round, text)
          .isEqualTo(new HubTargetParser.Target(target));
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void no_text_is_too_strange(long seed) {
    HubGenerator generator = new HubGenerator(seed);
    int understood = 0;
    for (int round = 0; round < 100_000; round++) {
      String text = generator.sometimes() ? generator.noise() : generator.mutated();
      if (check(text, seed, round)) {
        understood++;
      }
    }
    // A generator whose texts are all refused would prove nothing.
    assertThat(understood).isBetween(20_000, 95_000);
  }

  /** Whether the text was understood. */
  private static boolean check(String text, long seed, int round) {
    try {
      if (!(HubTargetParser.parse(text) instanceof HubTargetParser.Target found)) {
        return false;
      }
      HubTarget target = found.target();
      if (!HubTargetParser.parse(target.format()).equals(found)) {
        throw new AssertionError("it is written as " + target.format() + " and read as another");
      }
      if (namesIn(target).anyMatch(HubTargetPropertyTest::isDangerous)) {
        throw new AssertionError("it gives " + target);
      }
      return true;
    } catch (RuntimeException | AssertionError e) {
      return fail("seed %d, round %d: %s".formatted(seed, round, text), e);
    }
  }

  private static Stream<String> namesIn(HubTarget target) {
    return switch (target) {
      case HubTarget.ResolveFile t -> names(t.repo(), Optional.of(t.revision()), some(t.path()));
      case HubTarget.ResolveCacheFile t -> names(t.repo(), Optional.empty(), some(t.path()));
      case HubTarget.RawFile t -> names(t.repo(), Optional.of(t.revision()), some(t.path()));
      case HubTarget.BlobPage t -> names(t.repo(), Optional.of(t.revision()), some(t.path()));
      case HubTarget.RepoInfo t -> names(t.repo(), t.revision(), Optional.empty());
      case HubTarget.Tree t -> names(t.repo(), Optional.of(t.revision()), t.path());
      case HubTarget.PathsInfo t -> names(t.repo(), Optional.of(t.revision()), Optional.empty());
      case HubTarget.Refs t -> names(t.repo(), Optional.empty(), Optional.empty());
      case HubTarget.XetToken t -> names(t.repo(), Optional.empty(), Optional.empty());
      case HubTarget.RepoResource t ->
          Stream.concat(names(t.repo(), Optional.empty(), Optional.empty()), decoded(t.rest()));
      case HubTarget.OtherApi t -> decoded(t.path().substring(1));
      case HubTarget.PaperText t -> Stream.of(t.id() + ".md");
      case HubTarget.Page t -> decoded(t.path().substring(1));
      case HubTarget.AgentHarnesses _, HubTarget.Telemetry _ -> Stream.of();
    };
  }

  private static Optional<FilePath> some(FilePath path) {
    return Optional.of(path);
  }

  private static Stream<String> names(
      RepoId repo, Optional<Revision> revision, Optional<FilePath> path) {
    return Stream.of(
            Stream.of(repo.id()),
            revision.stream().map(Revision::value),
            // A backslash may be in there, but separates folders for some clients.
            path.stream().map(p -> p.value().replace('\\', '/')))
        .flatMap(s -> s);
  }

  /** What is passed on raw: upstream decodes it, so it must be harmless decoded. */
  private static Stream<String> decoded(String raw) {
    return raw.isEmpty() ? Stream.of() : Stream.of(PercentCoding.decode(raw).orElse("\0"));
  }

  private static boolean isDangerous(String name) {
    boolean badSegment = false;
    for (String segment : name.split("/", -1)) {
      badSegment |= segment.equals(".") || segment.equals("..");
    }
    return badSegment
        || name.isEmpty()
        || name.indexOf('\\') >= 0
        || name.chars().anyMatch(c -> c < ' ' || c == 0x7f);
  }
}

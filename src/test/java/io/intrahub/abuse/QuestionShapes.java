package io.intrahub.abuse;

import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Abuse by questions that nobody has asked before, each of which the Hub would have to answer. */
final class QuestionShapes {
  private static final int CLIENTS = 4;
  private static final Duration PAUSE = Duration.ofMillis(250);

  private QuestionShapes() {}

  static List<Shape> all() {
    return List.of(
        new RandomCommits(),
        new RandomPaths(),
        new RandomQueries(),
        new MadeUpRepos(),
        new RandomTokens(),
        new QuestionsTheHubFailsAt());
  }

  /** Asks again and again on connections that stay open for a while, as fast clients would. */
  private static void ask(Attack attack, Function<Random, List<String>> question)
      throws InterruptedException {
    attack.crowd(
        CLIENTS,
        PAUSE,
        random -> {
          List<String> asked = question.apply(random);
          // All from one address: more addresses are more clients, whom no limit holds together.
          try (RawConnection rawConnection = attack.connect(0)) {
            rawConnection.request(
                random.nextInt(4) == 0 ? "HEAD" : "GET",
                asked.getFirst(),
                asked.subList(1, asked.size()).toArray(String[]::new));
            attack.meet(rawConnection.status());
          }
        });
  }

  private static String hex(Random random, int bytes) {
    byte[] b = new byte[bytes];
    random.nextBytes(b);
    return HexFormat.of().formatHex(b);
  }

  /** Commits that no repo has. */
  static final class RandomCommits implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      ask(
          attack,
          random -> List.of("/" + Site.SMALL + "/resolve/" + hex(random, 20) + "/" + Site.MODEL));
    }
  }

  /** Paths and branches that no repo has, the longer the better. */
  static final class RandomPaths implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      ask(
          attack,
          random ->
              List.of(
                  random.nextBoolean()
                      ? "/" + Site.BROAD + "/resolve/main/" + hex(random, 1_000)
                      : "/" + Site.SMALL + "/resolve/" + hex(random, 100) + "/" + Site.MODEL));
    }
  }

  /** Spellings of one question, and parameters that the Hub does not know. */
  static final class RandomQueries implements Shape {
    private static final List<String> TRUE = List.of("true", "True", "1", "TRUE", "on");

    @Override
    public void run(Attack attack) throws InterruptedException {
      ask(attack, random -> List.of("/api/models/" + Site.SMALL + "?" + query(random)));
    }

    private static String query(Random random) {
      return switch (random.nextInt(4)) {
        case 0 -> "blobs=" + TRUE.get(random.nextInt(TRUE.size())) + "&full=" + random.nextInt(2);
        case 1 -> "expand[" + random.nextInt(1_000) + "]=siblings";
        case 2 -> "expand%5B%5D=" + hex(random, 4).replaceAll("\\d", "q");
        default -> hex(random, 4) + "=" + hex(random, 500);
      };
    }
  }

  /** Repos that are not there. */
  static final class MadeUpRepos implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      ask(
          attack,
          random -> {
            String repo = hex(random, 20) + "/" + hex(random, 45);
            return List.of(
                random.nextBoolean()
                    ? "/" + repo + "/resolve/main/config.json"
                    : "/api/models/" + repo);
          });
    }
  }

  /** Tokens that nobody was given, one for each question. */
  static final class RandomTokens implements Shape {
    @Override
    public void run(Attack attack) throws InterruptedException {
      ask(
          attack,
          random ->
              List.of(
                  random.nextBoolean()
                      ? "/" + hex(random, 8) + "/private/resolve/main/config.json"
                      : "/api/models/" + Site.SMALL + "/revision/main",
                  "Authorization: Bearer hf_" + hex(random, 17)));
    }
  }

  /** Questions of no matter what that the Hub answers with 500, to make it look broken. */
  static final class QuestionsTheHubFailsAt implements Shape {
    private final AtomicInteger number = new AtomicInteger();

    @Override
    public void run(Attack attack) throws InterruptedException {
      ask(attack, _ -> List.of("/api/boom" + number.incrementAndGet()));
    }
  }
}

package io.intrahub.abuse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Everybody who abuses the mirror, in a process of their own that has a lower priority than the
 * mirror and the honest client. In reality attackers have machines of their own: what is measured
 * here is what they make the mirror do, and not how much of a shared processor they take from it.
 */
final class Attackers implements AutoCloseable {
  /** A tenth of the share of other processes where processors are short. */
  private static final int NICENESS = 10;

  /** Asks whether all shapes are at work. */
  private static final String ALL_AT_WORK = "?";

  private static final List<String> OPTIONS = List.of("intrahub.abuse.connections");

  /** The shapes begin one after the other in this part of the time, a third. */
  private static final int BEGIN_WITHIN = 3;

  private final JavaProcess process;

  /**
   * What one shape did and met.
   *
   * @param turns how often one of its clients did what the shape is about
   * @param connections how many were open at the end
   * @param met how often the mirror answered what
   */
  record Result(String title, int turns, int connections, Map<String, Integer> met) {
    private static Result of(Shape shape, Attack attack) {
      return new Result(shape.title(), attack.turns(), attack.connections(), attack.met());
    }

    private static Result parse(String line) {
      String[] fields = line.split("\t");
      Map<String, Integer> met = new TreeMap<>();
      Arrays.stream(fields)
          .skip(3)
          .map(f -> f.split("="))
          .forEach(f -> met.put(f[0], Integer.valueOf(f[1])));
      return new Result(fields[0], Integer.parseInt(fields[1]), Integer.parseInt(fields[2]), met);
    }

    private String format() {
      return Stream.concat(
              Stream.of(title, Integer.toString(turns), Integer.toString(connections)),
              met.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()))
          .collect(Collectors.joining("\t"));
    }

    @Override
    public String toString() {
      return "%s: %d turns, %d connections open, met %s".formatted(title, turns, connections, met);
    }
  }

  private Attackers(JavaProcess process) {
    this.process = process;
  }

  /** Starts the process, in which nobody attacks yet. */
  static Attackers start(long seed) throws IOException {
    List<String> options =
        OPTIONS.stream()
            .filter(o -> System.getProperty(o) != null)
            .map(o -> "-D" + o + "=" + System.getProperty(o))
            .toList();
    return new Attackers(JavaProcess.start(NICENESS, options, Main.class, Long.toString(seed)));
  }

  /** All shapes, in an order that does not change. */
  static List<Shape> shapes() {
    return Stream.of(
            BodyShapes.all(), AnswerShapes.all(), QuestionShapes.all(), ConnectionShapes.all())
        .flatMap(List::stream)
        .toList();
  }

  /**
   * Lets some shapes attack a mirror.
   *
   * @param shapes their places in {@link #shapes}
   * @param time how long they are going to; all have begun after a third of it
   */
  void begin(URI mirror, List<Integer> shapes, Duration time) throws IOException {
    String places = shapes.stream().map(Object::toString).collect(Collectors.joining(" "));
    process.send("%s %d %s".formatted(mirror, time.toMillis(), places));
  }

  /** Whether each shape of the attack has taken a turn. */
  boolean areAllAtWork() throws IOException {
    process.send(ALL_AT_WORK);
    return Boolean.parseBoolean(process.receive());
  }

  /** Ends the attack, and waits until nothing of it is left. */
  List<Result> end() throws IOException {
    process.send("");
    List<Result> results = new ArrayList<>();
    for (String line = process.receive(); !line.isEmpty(); line = process.receive()) {
      results.add(Result.parse(line));
    }
    return results;
  }

  /** The processor time that they have used. */
  Duration cpu() {
    return process.cpu();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.close();
  }

  /** The other process: a line begins an attack, which any line but a question ends. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) throws IOException, InterruptedException {
      long seed = Long.parseLong(args[0]);
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ");
        attack(
            URI.create(words[0]),
            Duration.ofMillis(Long.parseLong(words[1])),
            Arrays.stream(words).skip(2).map(w -> shapes().get(Integer.parseInt(w))).toList(),
            seed,
            in);
      }
    }

    private static void attack(
        URI mirror, Duration time, List<Shape> shapes, long seed, BufferedReader in)
        throws IOException, InterruptedException {
      List<Attack> attacks =
          IntStream.range(0, shapes.size())
              .mapToObj(i -> new Attack(mirror, i + 1, seed + i))
              .toList();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < shapes.size(); i++) {
        Shape shape = shapes.get(i);
        Attack attack = attacks.get(i);
        Duration begin = time.dividedBy(BEGIN_WITHIN).multipliedBy(i).dividedBy(shapes.size());
        threads.add(Thread.ofVirtual().start(() -> run(shape, attack, begin)));
      }
      while (ALL_AT_WORK.equals(in.readLine())) {
        System.out.println(attacks.stream().allMatch(a -> a.turns() > 0));
      }
      List<Result> results =
          IntStream.range(0, shapes.size())
              .mapToObj(i -> Result.of(shapes.get(i), attacks.get(i)))
              .toList();
      attacks.forEach(Attack::end);
      for (Thread thread : threads) {
        thread.join();
      }
      results.forEach(r -> System.out.println(r.format()));
      System.out.println();
    }

    private static void run(Shape shape, Attack attack, Duration begin) {
      try {
        attack.rest(begin);
        shape.run(attack);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Loads of whole repos in the requests that the Hub's Python clients send. Every answer must be the
 * right one or a readable error. For one thread.
 */
final class ClientLoads {
  /** Asked for by each load, and in no repo. */
  private static final String MISSING = "added_tokens.json";

  /** As huggingface_hub 2.4.0 does it. */
  private static final int RETRIES = 5;

  /** Looked for by transformers, and in no repo. */
  private static final String FOLDER = "additional_chat_templates";

  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";

  private final Rig rig;
  private final Optional<String> address;
  private final Optional<Sleep> sleep;

  /** Waits before a request is sent again. */
  interface Sleep {
    void pass(Duration time) throws InterruptedException;
  }

  /** Of clients that give up at the first error. */
  ClientLoads(Rig rig) {
    this(rig, Optional.empty(), Optional.empty());
  }

  /**
   * Of clients that give up at the first error.
   *
   * @param address of the client, behind a trusted proxy
   */
  ClientLoads(Rig rig, String address) {
    this(rig, Optional.of(address), Optional.empty());
  }

  /**
   * Of clients that wait for the end of a limit, as huggingface_hub does from version 1.0 on.
   *
   * @param address of the client, behind a trusted proxy
   */
  ClientLoads(Rig rig, String address, Sleep sleep) {
    this(rig, Optional.of(address), Optional.of(sleep));
  }

  private ClientLoads(Rig rig, Optional<String> address, Optional<Sleep> sleep) {
    this.rig = rig;
    rig.actAs(Rig.PYTHON_HUB);
    this.address = address;
    this.sleep = sleep;
  }

  /** Has the Hub know a model with the files that every kind of load asks for. */
  DevRepo model(String id, int seed) {
    DevRepo repo = rig.hub.repo("model", id);
    repo.commit(
        "Add a model",
        Map.of(
            "README.md",
            DevFile.text("# A model\n"),
            CONFIG,
            DevFile.text("{\"seed\": " + seed + "}\n"),
            WEIGHTS,
            DevFile.lfsGenerated(seed, 50_000)));
    return repo;
  }

  /**
   * How a load ended.
   *
   * @param error with which the client gave up; empty if it has each file with its right bytes
   * @param stale whether an answer carried a warning about its age
   * @param contents how many bodies of files arrived
   */
  record Load(Optional<Rig.Answer> error, boolean stale, int contents) {
    boolean isWhole() {
      return error.isEmpty();
    }
  }

  /**
   * As {@code snapshot_download}: repo info, the listing, and each file at the commit that the info
   * named.
   */
  Load snapshot(DevRepo repo, Optional<String> token) {
    Client client = new Client(token);
    Rig.Answer info = client.send("GET", "/api/models/" + repo.id() + "/revision/main");
    if (info.status() != 200) {
      return client.end(info);
    }
    JsonNode json = JsonMapper.shared().readTree(info.body());
    String commit = json.get("sha").asString();
    Rig.Answer tree =
        client.send(
            "GET", "/api/models/" + repo.id() + "/tree/" + commit + "?recursive=true&expand=false");
    if (tree.status() != 200) {
      return client.end(tree);
    }
    List<String> listed =
        json.get("siblings").valueStream().map(f -> f.get("rfilename").asString()).toList();
    assertThat(listed).containsExactlyInAnyOrderElementsOf(repo.files(commit).keySet());
    return client.files(repo, commit);
  }

  /** As {@code from_pretrained}: each file at {@code main}, and one that is not there. */
  Load files(DevRepo repo, Optional<String> token) {
    Client client = new Client(token);
    Load load = client.files(repo, "main");
    if (!load.isWhole()) {
      return load;
    }
    Rig.Answer missing = client.send("HEAD", "/" + repo.id() + "/resolve/main/" + MISSING);
    return isMissing(missing) ? client.end() : client.end(missing);
  }

  /**
   * As {@code from_pretrained} of transformers 5 with huggingface_hub 2: repo info before each part
   * of the model, a look for a folder that is not there, the listing, each file at the commit that
   * the info named, and the weights at {@code main}. Recorded from the real one.
   */
  Load transformers(DevRepo repo, Optional<String> token) {
    Client client = new Client(token);
    String info = "/api/models/" + repo.id();
    String commit = "";
    for (String part : List.of("configuration", "tokenizer")) {
      Rig.Answer answer = client.send("GET", info);
      if (answer.status() != 200) {
        return client.end(answer);
      }
      String named = JsonMapper.shared().readTree(answer.body()).get("sha").asString();
      assertThat(commit).as("the commit of the %s", part).isIn("", named);
      commit = named;
      if (part.equals("configuration")) {
        Optional<Rig.Answer> error = client.file(repo, commit, commit, CONFIG);
        if (error.isPresent()) {
          return client.end(error.get());
        }
      }
    }
    Rig.Answer folder =
        client.send("GET", info + "/tree/main/" + FOLDER + "?recursive=false&expand=false");
    if (!isMissing(folder)) {
      return client.end(folder);
    }
    Rig.Answer tree = client.send("GET", info + "/tree/main?recursive=true&expand=false");
    if (tree.status() != 200) {
      return client.end(tree);
    }
    Rig.Answer missing =
        client.send("HEAD", "/" + repo.id() + "/resolve/" + commit + "/" + MISSING);
    if (!isMissing(missing)) {
      return client.end(missing);
    }
    return client.file(repo, "main", commit, WEIGHTS).map(client::end).orElseGet(client::end);
  }

  private static boolean isMissing(Rig.Answer answer) {
    return answer.header("x-error-code").filter("EntryNotFound"::equals).isPresent();
  }

  /** One process of a client. */
  private final class Client {
    private final Optional<String> token;
    private boolean stale;
    private int contents;

    private Client(Optional<String> token) {
      this.token = token;
    }

    Load end() {
      return new Load(Optional.empty(), stale, contents);
    }

    Load end(Rig.Answer error) {
      return new Load(Optional.of(error), stale, contents);
    }

    /** Each file: its facts, and then its bytes. */
    Load files(DevRepo repo, String revision) {
      for (String path : new TreeMap<>(repo.files(revision)).keySet()) {
        Optional<Rig.Answer> error = file(repo, revision, revision, path);
        if (error.isPresent()) {
          return end(error.get());
        }
      }
      return end();
    }

    /**
     * The facts of a file, and then its bytes.
     *
     * @param commit whose bytes must come
     * @return the error, if there is one
     */
    Optional<Rig.Answer> file(DevRepo repo, String revision, String commit, String path) {
      String target = "/" + repo.id() + "/resolve/" + revision + "/" + path;
      Rig.Answer head = send("HEAD", target);
      if (head.status() != 200) {
        return Optional.of(head);
      }
      Rig.Answer content = send("GET", target);
      if (content.status() != 200) {
        return Optional.of(content);
      }
      expectSame(content, repo.file(commit, path).orElseThrow());
      contents++;
      return Optional.empty();
    }

    Rig.Answer send(String method, String target) {
      Rig.Call call = new Rig.Call(method, target, "", "");
      Rig.Answer answer = rig.send(rig.app().uri(), call, token, address);
      for (int i = 0; i < RETRIES && isSentAgain(call, answer); i++) {
        pause(answer);
        answer = rig.send(rig.app().uri(), call, token, address);
      }
      stale |= answer.header("x-hf-warning").isPresent();
      if (answer.status() >= 400) {
        expectReadable(method, answer);
      }
      return answer;
    }
  }

  /** Repo info never is, and the bytes of a file only after a 429. */
  private boolean isSentAgain(Rig.Call call, Rig.Answer answer) {
    boolean isFile = call.target().contains("/resolve/");
    boolean isBytes = isFile && call.method().equals("GET");
    return sleep.isPresent()
        && (answer.status() == 429 || (answer.status() >= 500 && !isBytes))
        && (isFile || call.target().contains("/tree/"));
  }

  private void pause(Rig.Answer answer) {
    try {
      long seconds = answer.header("retry-after").map(Long::parseLong).orElse(1L);
      sleep.orElseThrow().pass(Duration.ofSeconds(seconds + 1));
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted while waiting", e);
    }
  }

  private static void expectSame(Rig.Answer answer, DevFile file) {
    assertThat(answer.body()).isEqualTo(file.allBytes());
  }

  /** The message of an error, which its header and its body must agree on. */
  static String message(Rig.Answer error) {
    return error.header("x-error-message").orElse("");
  }

  /** An error in the Hub's own form, whose message is for people. */
  private static void expectReadable(String method, Rig.Answer error) {
    String message = message(error);
    assertThat(message)
        .as("%s of %d", error.text(), error.status())
        .matches("[ -~]{10,500}")
        .doesNotContain("Exception", "java", "okhttp", "Signature", "hf_");
    if (!method.equals("HEAD")) {
      assertThat(error.header("content-type").orElse("")).startsWith("application/json");
      JsonNode body = JsonMapper.shared().readTree(error.body());
      assertThat(body.get("error").asString()).isEqualTo(message);
    }
    if (error.status() >= 500) {
      // With a code, clients would raise "not found" and remember it.
      assertThat(error.header("x-error-code")).as(message).isEmpty();
      assertThat(error.header("retry-after")).as(message).isPresent();
    }
  }
}

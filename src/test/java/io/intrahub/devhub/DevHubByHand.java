package io.intrahub.devhub;

import java.util.Map;

/** Runs a Hub on two ports until its input ends, to try clients by hand. */
final class DevHubByHand {
  private DevHubByHand() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    try (DevHub hub = DevHub.builder().port(port).cdnPort(port + 1).strict(false).start()) {
      DevRepo repo = hub.repo("model", "acme/tiny-bert");
      hub.token("hf_alice", "alice");
      repo.commit(
          "first",
          Map.of(
              "config.json",
              DevFile.text("{}"),
              "sub dir/f#1 é.txt",
              DevFile.text("x"),
              "m.bin",
              DevFile.lfsGenerated(1, 300_000_000)));
      hub.xet(args.length > 1);
      hub.onRequest(r -> System.out.println(r));
      System.out.println(hub.uri() + " " + hub.cdnUri());
      while (System.in.read() >= 0) {}
      hub.violations().forEach(System.out::println);
    }
  }
}

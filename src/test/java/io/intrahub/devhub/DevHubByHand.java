package io.intrahub.devhub;

import java.io.IOException;

/** Runs a Hub with the demo repos on two ports until its input ends, to try clients by hand. */
final class DevHubByHand {
  private DevHubByHand() {}

  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[0]);
    try (DevHub hub = DevHub.builder().port(port).cdnPort(port + 1).strict(false).start()) {
      DemoRepos.install(hub);
      hub.xet(args.length > 1);
      hub.onRequest(System.out::println);
      System.out.println(hub.uri() + " " + hub.cdnUri());
      System.in.transferTo(System.out);
      hub.violations().forEach(v -> System.out.println("violation: " + v));
    }
  }
}

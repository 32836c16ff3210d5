package io.intrahub.cli;

import java.util.List;

/** The repos of the simulated Hub, as printed on the terminal. */
final class DemoRepoList {
  static final List<String> NAMES =
      List.of(
          "demo/tiny-bert",
          "demo/gated-model",
          "demo/private-model",
          "demo/big-model",
          "demo/many-files",
          "tiny-gpt2",
          "dataset demo/tiny-ds",
          "space demo/hello-space");

  private DemoRepoList() {}
}

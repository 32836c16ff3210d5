package io.intrahub.devhub;

import java.util.ArrayList;
import java.util.List;

/** What no well-behaved client does. Its own lock guards the list. */
final class Violations {
  private final List<String> found = new ArrayList<>();
  private boolean unknownRoutesExpected;

  synchronized void expectUnknownRoutes() {
    unknownRoutesExpected = true;
  }

  synchronized List<String> list() {
    return List.copyOf(found);
  }

  synchronized void forget() {
    found.clear();
  }

  synchronized void broken(Incoming in, RuntimeException e) {
    found.add("the Hub itself failed: %s %s: %s".formatted(in.method(), in.rawTarget(), e));
  }

  synchronized void inspect(Incoming in, Route route) {
    String what = in.method() + " " + in.rawTarget();
    int credentials = in.headers().getOrDefault("authorization", List.of()).size();
    if (credentials > 1) {
      found.add("two Authorization headers: " + what);
    }
    if (in.cdn() && credentials > 0) {
      found.add("a token at the CDN: " + what);
    }
    if (in.cdn() && in.param("Signature").isEmpty()) {
      found.add("a CDN request without a signature: " + what);
    }
    if (route == Route.UNKNOWN && !unknownRoutesExpected) {
      found.add("a request to an unknown route: " + what);
    }
  }
}

package io.intrahub.devhub;

import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Settings that can change while the Hub runs. They are independent, so volatile suffices. */
final class Settings {
  final Set<String> trustedPublishers = ConcurrentHashMap.newKeySet();
  volatile boolean xet = true;
  volatile boolean directSmallFiles;
  volatile boolean cookies;
  volatile int treePageSize = 1000;
  volatile URI hub = URI.create("http://127.0.0.1");
  volatile URI cdn = URI.create("http://localhost");
}

package io.intrahub.devhub;

import java.net.URI;

/** What can be changed while the Hub runs. Each value stands alone, so volatile is enough. */
final class Settings {
  volatile boolean xet = true;
  volatile boolean directSmallFiles;
  volatile boolean cookies;
  volatile int treePageSize = 1000;
  volatile URI hub = URI.create("http://127.0.0.1");
  volatile URI cdn = URI.create("http://localhost");
}

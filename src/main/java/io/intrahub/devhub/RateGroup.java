package io.intrahub.devhub;

import java.util.Locale;

/** The Hub's quota groups, named as in its {@code RateLimit} header. */
public enum RateGroup {
  /** Everything under {@code /api} but the second hop of a resolve. */
  API(1000),
  /** Resolve and its second hop. */
  RESOLVERS(5000),
  /** Pages and raw files. */
  PAGES(200);

  private final int usual;

  RateGroup(int usual) {
    this.usual = usual;
  }

  /** What the Hub grants a free user in five minutes (hub-docs, August 2026). */
  int usual() {
    return usual;
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}

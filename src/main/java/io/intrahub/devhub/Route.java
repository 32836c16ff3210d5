package io.intrahub.devhub;

/** The kind of a request, by which counters and faults select. */
public enum Route {
  /** {@code /{id}/resolve/{revision}/{path}}. */
  RESOLVE(RateGroup.RESOLVERS),
  /** {@code /api/resolve-cache/…}: the second hop of a regular file. */
  RESOLVE_CACHE(RateGroup.RESOLVERS),
  /** {@code /api/{type}s/{id}} and {@code …/revision/{revision}}. */
  REPO_INFO(RateGroup.API),
  /** {@code /api/{type}s/{id}/tree/{revision}[/{path}]}. */
  TREE(RateGroup.API),
  /** {@code POST /api/{type}s/{id}/paths-info/{revision}}. */
  PATHS_INFO(RateGroup.API),
  /** {@code /api/{type}s/{id}/refs}. */
  REFS(RateGroup.API),
  /** {@code /api/{type}s/{id}/commits/{revision}}. */
  COMMITS(RateGroup.API),
  /** {@code /api/{type}s/{id}/auth-check}. */
  AUTH_CHECK(RateGroup.API),
  /** {@code /api/whoami-v2}. */
  WHOAMI(RateGroup.API),
  /** {@code /api/agent-harnesses}. */
  AGENT_HARNESSES(RateGroup.API),
  /** {@code /api/telemetry/…}. */
  TELEMETRY(RateGroup.API),
  /** {@code /api/{type}s/{id}/xet-read-token/…}: always 404 here. */
  XET_TOKEN(RateGroup.API),
  /** {@code /{id}/raw/{revision}/{path}}. */
  RAW(RateGroup.PAGES),
  /** {@code /papers/{id}.md}. */
  PAPER_TEXT(RateGroup.PAGES),
  /** {@code POST /{id}.git/info/lfs/objects/batch}. */
  LFS_BATCH(RateGroup.PAGES),
  /** Search lists, discussions and likers. */
  OTHER_API(RateGroup.API),
  /** {@code /datasets-server/{question}?dataset=…}: the dataset viewer, a host of its own. */
  VIEWER(RateGroup.PAGES),
  /** {@code /}: a page for people, by which the mirror finds out whether the Hub is there. */
  FRONT_PAGE(RateGroup.PAGES),
  /** Everything at the CDN's own listener. */
  CDN(RateGroup.PAGES),
  /** Everything else at the Hub's listener; a violation unless expected. */
  UNKNOWN(RateGroup.PAGES);

  private final RateGroup group;

  Route(RateGroup group) {
    this.group = group;
  }

  RateGroup group() {
    return group;
  }
}

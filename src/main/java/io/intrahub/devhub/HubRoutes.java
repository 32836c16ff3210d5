package io.intrahub.devhub;

import java.util.concurrent.atomic.AtomicLong;

/** The Hub's own origin: from a parsed target to an answer with the Hub's common headers. */
final class HubRoutes {
  private static final String EXPOSED =
      "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,"
          + "Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash";

  private final Gate gate;
  private final DevRateLimits limits;
  private final Settings settings;
  private final ResolveRoutes resolve;
  private final LfsRoutes lfs;
  private final ListingRoutes listing;
  private final InfoRoutes info;
  private final AccountRoutes account;
  private final ListRoutes lists;
  private final ViewerRoutes viewer;
  private final BucketRoutes buckets;
  private final AtomicLong requestIds = new AtomicLong();

  HubRoutes(Directory directory, Cdn cdn, DevRateLimits limits, Settings settings) {
    this.gate = new Gate(directory, settings);
    this.limits = limits;
    this.settings = settings;
    this.resolve = new ResolveRoutes(gate, cdn, settings);
    this.lfs = new LfsRoutes(gate, cdn, settings);
    this.listing = new ListingRoutes(gate, settings);
    this.info = new InfoRoutes(gate, directory, settings);
    this.account = new AccountRoutes(gate, directory);
    this.lists = new ListRoutes(gate, settings);
    this.buckets = new BucketRoutes(settings);
    this.viewer = new ViewerRoutes(gate, settings);
  }

  Reply answer(Incoming in, Target target) {
    DevRateLimits.Result limit = limits.count(target.route().group(), in.token());
    Reply reply;
    try {
      if (limit.refused()) {
        throw Errors.rateLimited();
      }
      gate.checkToken(in);
      reply = withValidator(in, dispatch(in, target));
    } catch (Refusal refusal) {
      reply = refusal.reply();
    }
    return limit.stamp(reply);
  }

  /** What every answer of the Hub carries, a scripted fault's too. */
  Reply stamp(Reply reply) {
    if (settings.cookies) {
      reply.header("Set-Cookie", "hub=devhub; Path=/; HttpOnly");
    }
    return reply
        .header(
            "X-Request-Id",
            "Root=1-" + Hashes.sha256("request " + requestIds.incrementAndGet()).substring(0, 32))
        .header("Access-Control-Expose-Headers", EXPOSED)
        .header("Vary", "Origin")
        .header("X-Powered-By", "huggingface-moon");
  }

  private Reply dispatch(Incoming in, Target target) {
    boolean post =
        target.route() == Route.PATHS_INFO
            || target.route() == Route.LFS_BATCH
            || BucketRoutes.isPathsInfo(target);
    if (!post && !in.isRead() && target.route() != Route.TELEMETRY) {
      throw Errors.noSuchPage();
    }
    return switch (target.route()) {
      case RESOLVE -> resolve.resolve(in, target);
      case RESOLVE_CACHE -> resolve.resolveCache(in, target);
      case LFS_BATCH -> lfs.batch(in, target);
      case RAW -> resolve.raw(in, target);
      case REPO_INFO -> info.info(in, target);
      case REFS -> info.refs(in, target);
      case COMMITS -> info.commits(in, target);
      case TREE -> listing.tree(in, target);
      case PATHS_INFO -> listing.pathsInfo(in, target);
      case AUTH_CHECK -> account.authCheck(in, target);
      case WHOAMI -> account.whoami(in);
      case AGENT_HARNESSES -> account.agentHarnesses();
      case TELEMETRY -> account.telemetry();
      case XET_TOKEN -> account.xetToken();
      case OTHER_API ->
          switch (target.verb()) {
            case "buckets" -> buckets.answer(in, target);
            case "search" -> info.search(in, target);
            case "discussions" -> account.discussions(in, target);
            case "likers" -> account.likers(in, target);
            default -> lists.list(in, target);
          };
      case PAPER_TEXT -> lists.paperText(target);
      case VIEWER -> viewer.answer(in, target);
      case FRONT_PAGE -> Reply.of(200, "text/html; charset=utf-8", DevContent.of("A Hub"));
      case CDN, UNKNOWN -> throw Errors.noSuchPage();
    };
  }

  /** JSON answers have a weak ETag made of their text, and honour it, as Express does. */
  private static Reply withValidator(Incoming in, Reply reply) {
    if (reply.status() != 200 || reply.has("ETag") || !in.isRead() || reply.body().isEmpty()) {
      return reply;
    }
    DevContent content = reply.body().get().content();
    String etag = "W/\"%x-%s\"".formatted(content.size(), Hashes.sha256(content).substring(0, 27));
    reply.header("ETag", etag);
    return FileReplies.matches(in.header("if-none-match"), etag)
        ? reply.becomeNotModified()
        : reply;
  }
}

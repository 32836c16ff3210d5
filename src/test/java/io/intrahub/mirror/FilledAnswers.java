package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authority;
import io.intrahub.access.EventOrder;
import io.intrahub.access.TestGrants;
import io.intrahub.base.CacheSizes;
import io.intrahub.hub.RepoId;
import io.intrahub.store.RepoStore;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.HeapUse;
import io.intrahub.testing.Invented;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Fills the caches of answers and of what is known of repos, in a process of its own. */
public final class FilledAnswers {
  private static final Clock CLOCK = Clock.systemUTC();
  private static final Invented INVENTED = new Invented();
  private static final UpstreamFailure FAILURE =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "x".repeat(100));

  private FilledAnswers() {}

  /** Prints what each takes. */
  public static void main(String[] args) throws Exception {
    CacheSizes sizes = CacheSizes.ofHeap(Runtime.getRuntime().maxMemory());
    List<Object> kept = new ArrayList<>();
    for (int padding : new int[] {0, 4_000}) {
      RepoInfoMemory infos = new RepoInfoMemory(sizes.answers());
      HeapUse.print(
          "answers-" + padding,
          sizes.answers(),
          () -> {
            for (long n = 0; n < sizes.answers() / (padding + 500); n++) {
              RepoId repo = INVENTED.repo();
              infos.put(
                  new RepoInfoMemory.Key(repo, INVENTED.commit(), "info?" + INVENTED.hex(40)),
                  SmallRepoInfo.of(info(repo, padding), Instant.EPOCH));
            }
          });
      AnswerMemory lists = new AnswerMemory(sizes.lists());
      HeapUse.print("lists-" + padding, sizes.lists(), () -> fill(lists, padding, sizes.lists()));
      kept.addAll(List.of(infos, lists));
    }
    RepoStore store = new MemoryStore(CLOCK).repos();
    try (ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        HubUpstream upstream = TestWiring.upstream(TestWiring.OFFLINE, CLOCK, timer)) {
      AccessChecker checker =
          new AccessChecker(store, new EventOrder(CLOCK), CLOCK, AccessChecker.Settings.DEFAULT);
      GrantRenewals renewals =
          new GrantRenewals(checker, upstream, CLOCK, Duration.ofSeconds(1), sizes.renewals());
      HeapUse.print("renewals", sizes.renewals(), () -> fill(renewals, sizes.renewals()));
      kept.add(renewals);
      Reference.reachabilityFence(kept);
    }
  }

  private static byte[] info(RepoId repo, int padding) {
    return "{\"_id\":\"%s\",\"id\":\"%s\",\"sha\":\"%s\",\"private\":false,\"gated\":false,\"x\":\"%s\"}"
        .formatted(INVENTED.hex(24), repo.id(), INVENTED.hex(40), "x".repeat(padding))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static void fill(AnswerMemory lists, int padding, long bytes) {
    for (long n = 0; n < bytes / (padding + 500); n++) {
      RepoId repo = INVENTED.repo();
      AnswerMemory.Key key =
          new AnswerMemory.Key(
              "/api/models?search=" + INVENTED.hex(40),
              Optional.of(repo),
              new Authority.TokenHolder(INVENTED.hex(64)));
      try (AnswerMemory.Question question = lists.begin(key)) {
        question.keep(
            new HeldAnswer.Whole(
                200,
                "application/json",
                Optional.of(INVENTED.commit()),
                Optional.of("/api/models?cursor=" + INVENTED.hex(40)),
                Map.of("X-Total-Count", INVENTED.hex(8)),
                "https://huggingface.co",
                info(repo, padding),
                Instant.now()));
      }
    }
  }

  private static void fill(GrantRenewals renewals, long bytes) {
    for (long n = 0; n < bytes / 600; n++) {
      var _ =
          renewals.renewBy(
              TestGrants.open(INVENTED.repo()), () -> CompletableFuture.completedFuture(1));
      var _ =
          renewals.ask(
              TestGrants.open(INVENTED.repo()),
              0,
              () -> CompletableFuture.completedFuture(new UpstreamResult.Failed<>(FAILURE)));
    }
  }
}

package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.LinkHeader;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.JsonFilter;
import io.intrahub.policy.Observation;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.upstream.BrokenAnswerException;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiAnswer;
import io.intrahub.upstream.hub.ApiBody;
import io.intrahub.upstream.hub.ApiUpstream;
import io.intrahub.upstream.hub.HubUpstream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps lists of refs and histories of commits as answers of a repo, with the links to their next
 * pages. Safe for use by many threads.
 */
final class KeptHistories {
  private static final Logger log = LoggerFactory.getLogger(KeptHistories.class);

  /**
   * Answers of one commit, repo info included, beyond which no page of its history is kept: fewer
   * than {@link RepoInfoFetcher} keeps, so that a client can't take their places with pages. One of
   * them is the number of commits.
   */
  private static final int MAX_ANSWERS = 25;

  /** The same for pages behind the first, which must not take the places of first pages. */
  private static final int MAX_LATER_PAGES = 17;

  /** The same for pages of a size that the client chose, of which there are thousands. */
  private static final int MAX_SIZED_PAGES = 13;

  /** Git's id of no commit: the list of refs belongs to the repo, and outlives each commit. */
  static final CommitHash NO_COMMIT = new CommitHash("0".repeat(40));

  /** Answers that always have a place: what clients ask for first. There are few such names. */
  private static final Pattern USUAL =
      Pattern.compile("refs.*|commits(\\?expand(\\[]|%5B%5D)=formatted)?");

  /**
   * The name under which the number of all commits of a history is kept: each page has the same.
   */
  private static final String TOTAL = "commits total";

  private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

  private static final Pattern LATER_PAGE = Pattern.compile("commits\\?(.*&)?p=0*[1-9]\\d*(&.*)?");

  private static final Pattern SIZED_PAGE = Pattern.compile("commits\\?(.*&)?limit=.*");

  private final RepoStore store;
  private final RepoReplacements replacements;
  private final HubUpstream upstream;
  private final MemoryBudget budget;

  /**
   * How many answers of a commit are on their way to a place. Read and changed while the commit is
   * locked, with the number of those that are kept.
   */
  private final ConcurrentHashMap<Place, Integer> reserved = new ConcurrentHashMap<>();

  private final KeyedLock<Place> locks = new KeyedLock<>();

  private record Place(RepoId repo, CommitHash commit) {}

  KeptHistories(
      RepoStore store, RepoReplacements replacements, HubUpstream upstream, MemoryBudget budget) {
    this.store = store;
    this.replacements = replacements;
    this.upstream = upstream;
    this.budget = budget;
  }

  /**
   * An answer of upstream.
   *
   * @param answer empty when the store can't keep it
   * @param next the query of the page behind it
   * @param total how many commits the whole history has, if upstream says so
   */
  record Learned(Optional<StoredAnswer> answer, Optional<String> next, Optional<String> total) {
    /**
     * The headers that it is shown with.
     *
     * @param url of the list as the client sees it, without a query
     */
    Map<String, String> headers(String url) {
      Map<String, String> headers = new HashMap<>();
      next.ifPresent(query -> headers.put(HeaderNames.LINK, LinkHeader.ofNext(url + "?" + query)));
      total.ifPresent(number -> headers.put(HeaderNames.X_TOTAL_COUNT, number));
      return headers;
    }
  }

  /** Whether a page is not the first of its history. */
  static boolean isLater(String name) {
    return LATER_PAGE.matcher(name).matches();
  }

  /** The name of the first page of the same size and form. */
  static String firstOf(String name) {
    return name.replaceFirst("([?&])p=\\d+(&|$)", "$1").replaceFirst("[?&]$", "");
  }

  /** A page of a history that is kept. */
  Optional<Learned> stored(Authorised<RepoId> repo, CommitHash commit, String name) {
    return store
        .answer(repo, commit, name)
        .map(page ->
            new Learned(
                Optional.of(page),
                text(repo, commit, nextOf(name)),
                text(repo, commit, TOTAL).filter(NUMBER.asMatchPredicate())));
  }

  private Optional<String> text(Authorised<RepoId> repo, CommitHash commit, String name) {
    return store
        .answer(repo, commit, name)
        .flatMap(StoredAnswer::small)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  /**
   * Whether an answer can be kept that is not kept yet. There may be none for a page of a history,
   * because clients choose their sizes freely.
   */
  boolean hasPlace(RepoId repo, CommitHash commit, String name) {
    return hasPlaceBeside(0, repo, commit, name);
  }

  private boolean hasPlaceBeside(int others, RepoId repo, CommitHash commit, String name) {
    int most =
        SIZED_PAGE.matcher(name).matches()
            ? MAX_SIZED_PAGES
            : isLater(name) ? MAX_LATER_PAGES : MAX_ANSWERS;
    return USUAL.matcher(name).matches() || store.answers(repo, commit) + others < most;
  }

  /**
   * Asks upstream for an answer, if there is a place for it beside those that are asked for at the
   * same time. Else the call would be made in vain, and each client makes one of its own.
   *
   * @param question asks, and keeps what comes
   */
  UpstreamResult<Learned> ask(
      RepoId repo, CommitHash commit, String name, Supplier<UpstreamResult<Learned>> question) {
    Place place = new Place(repo, commit);
    boolean isReserved =
        locks.with(
            place,
            () -> {
              boolean hasPlace =
                  hasPlaceBeside(reserved.getOrDefault(place, 0), repo, commit, name);
              if (hasPlace) {
                reserved.merge(place, 1, Integer::sum);
              }
              return hasPlace;
            });
    if (!isReserved) {
      return new UpstreamResult.Value<>(notKept(Optional.empty(), Optional.empty()));
    }
    try {
      return question.get();
    } finally {
      Optional<Integer> _ =
          locks.with(
              place,
              () ->
                  Optional.ofNullable(
                      reserved.computeIfPresent(place, (_, n) -> n == 1 ? null : n - 1)));
    }
  }

  /**
   * Keeps an answer. One that is not what was asked for, for which there is no place, or that is
   * about an earlier repo of this name, is not kept.
   *
   * @param id the Hub's internal id of the repo when it was asked about
   * @param commit whose history it is, or {@link #NO_COMMIT} for refs
   * @param target what was asked
   * @throws BrokenAnswerException if the answer breaks off
   */
  UpstreamResult<Learned> keep(
      ResolvedRevision.At at,
      Optional<String> id,
      CommitHash commit,
      String name,
      String target,
      ApiAnswer ok,
      ApiBody body,
      Instant learnedAt)
      throws BrokenAnswerException {
    boolean isHistory = !commit.equals(NO_COMMIT);
    Optional<String> next =
        switch (upstream.nextPage(ok, target)) {
          case ApiUpstream.NextPage.None _ -> Optional.empty();
          case ApiUpstream.NextPage.At(var page) ->
              Stream.of(page.split("\\?", 2)).skip(1).findFirst();
          case ApiUpstream.NextPage.Elsewhere _ -> Optional.of("");
        };
    if (next.filter(String::isEmpty).isPresent()) {
      // A list without its end must not look whole.
      return new UpstreamResult.Failed<>(
          new UpstreamFailure(
              UpstreamFailure.Kind.UNEXPECTED_ANSWER,
              "the link to the rest of the list leads elsewhere"));
    }
    Optional<String> total =
        ok.header("x-total-count").filter(NUMBER.asMatchPredicate()).filter(_ -> isHistory);
    RepoId repo = at.repo().subject();
    boolean isNew = store.answer(at.repo(), commit, name).isEmpty();
    boolean isLater = isLater(name);
    if (isNew && !hasPlace(repo, commit, name)) {
      return new UpstreamResult.Value<>(notKept(next, total));
    }
    try (MemoryBudget.Reservation memory = budget.reservation(at.reader().client());
        AnswerWriter writer = store.newAnswer(repo, commit, name, memory)) {
      ShapeCheck checked =
          new ShapeCheck(
              writer,
              isHistory ? '[' : '{',
              isHistory ? (isLater ? "" : commit.hex()) : "\"branches\"");
      body.copyTo(checked, JsonFilter.Links.KEPT);
      if (!checked.isRight()) {
        log.warn("What the Hub sent as {} of {} is something else, and is not kept", name, repo);
        return new UpstreamResult.Value<>(notKept(next, total));
      }
      // Before the page itself, which must not be found without it.
      Runnable link =
          () -> {
            next.ifPresent(
                query -> store.putAnswer(repo, commit, nextOf(name), note(query, learnedAt)));
            total.ifPresent(
                number -> store.putAnswer(repo, commit, TOTAL, note(number, learnedAt)));
          };
      return new UpstreamResult.Value<>(
          new Learned(replacements.keep(repo, id, link, writer, learnedAt), next, total));
    } catch (BrokenAnswerException e) {
      throw e;
    } catch (IOException e) {
      log.warn("{} of {} at {} can't be stored: {}", name, repo, commit, e.toString());
      return new UpstreamResult.Value<>(notKept(next, total));
    }
  }

  private static Learned notKept(Optional<String> next, Optional<String> total) {
    return new Learned(Optional.empty(), next, total);
  }

  private static Observation<byte[]> note(String text, Instant learnedAt) {
    return new Observation<>(text.getBytes(StandardCharsets.UTF_8), learnedAt);
  }

  /** The name under which the query of the page behind an answer is kept. */
  private static String nextOf(String name) {
    return name + " next";
  }
}

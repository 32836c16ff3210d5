package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.hub.RepoId;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * What {@link RecentAnswers} keeps in memory. What is forgotten does not come back with an answer
 * whose question began before. Safe for use by many threads.
 */
final class AnswerMemory {
  /** Heap for one answer beside its bytes: the key with its texts, and the cache's own. */
  private static final int OVERHEAD = 1000;

  private final long bytes;

  /** The last answers; Caffeine's own locks guard it. */
  private final Cache<Key, HeldAnswer> answers;

  /** Questions under way. */
  private final Set<Question> open = ConcurrentHashMap.newKeySet();

  /**
   * One authority's answer is never another's.
   *
   * @param repo that the question is about, under the name that was asked for
   */
  record Key(String question, Optional<RepoId> repo, Authority as) {}

  /**
   * No answer is known yet.
   *
   * @param bytes of heap that the answers may take
   */
  AnswerMemory(long bytes) {
    this.bytes = bytes;
    this.answers =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((Key key, HeldAnswer held) ->
                OVERHEAD + 2 * key.question().length() + held.weight())
            .build();
  }

  /** Bytes of heap that the answers may take. */
  long bytes() {
    return bytes;
  }

  /** The answer that is kept. */
  Optional<HeldAnswer> get(Key key) {
    return Optional.ofNullable(answers.getIfPresent(key));
  }

  /** Forgets one answer. */
  void remove(Key key) {
    answers.invalidate(key);
  }

  /** Another repo has this name now. */
  void forget(RepoId repo) {
    forget(key -> key.repo().equals(Optional.of(repo)));
  }

  /** Upstream does not accept this token. */
  void forget(Authority authority) {
    forget(key -> key.as().equals(authority));
  }

  private void forget(Predicate<Key> which) {
    // In this order: see Question.keep.
    open.stream()
        .filter(question -> which.test(question.key))
        .forEach(question -> question.isForgotten = true);
    answers.asMap().keySet().removeIf(which);
  }

  /** Begins a question; to be closed when its answer was kept, or will not be. */
  Question begin(Key key) {
    Question question = new Question(key);
    open.add(question);
    return question;
  }

  /** A question under way. */
  final class Question implements AutoCloseable {
    private final Key key;

    /** Set by whoever forgets, read by whoever keeps. */
    private volatile boolean isForgotten;

    private Question(Key key) {
      this.key = key;
    }

    /** Keeps the answer, unless what it is about was forgotten since the question began. */
    boolean keep(HeldAnswer answer) {
      if (!isForgotten) {
        answers.put(key, answer);
        if (isForgotten) {
          // Whoever forgot it may have looked through the answers before this one was there.
          answers.asMap().remove(key, answer);
        }
      }
      return !isForgotten;
    }

    /** Whether what it is about was forgotten since it began. */
    boolean isForgotten() {
      return isForgotten;
    }

    @Override
    public void close() {
      open.remove(this);
    }
  }
}

package io.intrahub.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.helpers.MessageFormatter;

/**
 * Sees each line that the mirror logs in a test, whatever the level, and keeps those with a token
 * in them. Of libraries it sees the lines that are written. It changes nothing about the log. Safe
 * for use by many threads.
 */
public final class TokenLogFilter extends TurboFilter {
  private static final String MIRROR = "io.intrahub";

  private final Queue<String> found = new ConcurrentLinkedQueue<>();

  /** Returns the one of this process, which {@code logback-test.xml} configures. */
  public static TokenLogFilter ofProcess() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    return context.getTurboFilterList().stream()
        .filter(TokenLogFilter.class::isInstance)
        .map(TokenLogFilter.class::cast)
        .findFirst()
        .orElseThrow(() -> new AssertionError("logback-test.xml has no TokenLogFilter"));
  }

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable thrown) {
    boolean written = level.isGreaterOrEqual(logger.getEffectiveLevel());
    if (format != null && (written || logger.getName().startsWith(MIRROR))) {
      String line = MessageFormatter.basicArrayFormat(format, params) + causes(params, thrown);
      if (TokenSearch.in(line).isPresent()) {
        found.add(logger.getName() + ": " + line);
      }
    }
    return FilterReply.NEUTRAL;
  }

  private static String causes(Object @Nullable [] params, @Nullable Throwable thrown) {
    Throwable first =
        thrown == null
                && params != null
                && params.length > 0
                && params[params.length - 1] instanceof Throwable last
            ? last
            : thrown;
    StringBuilder all = new StringBuilder();
    int depth = 0;
    for (Throwable t = first; t != null && depth < 10; t = t.getCause()) {
      all.append(' ').append(t);
      depth++;
    }
    return all.toString();
  }

  /** Returns the lines with a token in them since the last call, and forgets them. */
  public List<String> drain() {
    List<String> lines = new ArrayList<>();
    for (String line = found.poll(); line != null; line = found.poll()) {
      lines.add(line);
    }
    return lines;
  }
}

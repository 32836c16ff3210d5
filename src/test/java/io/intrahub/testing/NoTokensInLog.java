package io.intrahub.testing;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails each test class in which the text of a token was logged. JUnit applies it to all classes,
 * because it is named in {@code META-INF/services}.
 */
public final class NoTokensInLog implements AfterAllCallback {
  @Override
  public void afterAll(ExtensionContext context) {
    check();
  }

  /** Fails if a token was logged since the last call. */
  void check() {
    List<String> lines = TokenLogFilter.ofProcess().drain();
    if (!lines.isEmpty()) {
      throw new AssertionError("Tokens were logged: " + lines);
    }
  }
}

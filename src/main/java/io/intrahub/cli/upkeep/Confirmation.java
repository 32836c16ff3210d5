package io.intrahub.cli.upkeep;

import java.io.Console;
import java.util.Locale;
import java.util.Optional;

/** Asks the operator whether to go on. */
interface Confirmation {
  /** On the terminal of this process, if it has one. */
  Confirmation TERMINAL =
      new Confirmation() {
        @Override
        public boolean isPossible() {
          return terminal().isPresent();
        }

        @Override
        public boolean ask(String question) {
          return terminal()
              .map(console -> console.readLine("%s [y/N] ", question))
              .filter(answer -> answer.strip().toLowerCase(Locale.ROOT).matches("y|yes"))
              .isPresent();
        }

        private static Optional<Console> terminal() {
          return Optional.ofNullable(System.console()).filter(Console::isTerminal);
        }
      };

  /** Whether there is somebody to ask. */
  boolean isPossible();

  /** Whether the answer is yes. */
  boolean ask(String question);
}

package io.intrahub.devhub;

import java.util.Locale;
import java.util.Optional;

/** The kinds of repo and how they look in addresses. */
enum DevRepoType {
  MODEL("models", ""),
  DATASET("datasets", "/datasets"),
  SPACE("spaces", "/spaces"),
  KERNEL("kernels", "/kernels");

  /** As in {@code /api/models}. */
  final String plural;

  /** What stands before the id in a page or resolve address; a model has nothing there. */
  final String prefix;

  DevRepoType(String plural, String prefix) {
    this.plural = plural;
    this.prefix = prefix;
  }

  static DevRepoType of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  static Optional<DevRepoType> ofPlural(String plural) {
    for (DevRepoType type : values()) {
      if (type.plural.equals(plural)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The word as it stands in messages. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
